import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.FileInputStream;
import java.io.InputStream;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Security;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

/**
 * The primary of a practice deployment on real Java: JSSE for TLS, the Lightbend library for application.conf.
 *
 * <p>Arguments: folders of deployments. For each it prints {@code ROOT<tab>PORT} once it listens on a free loopback port,
 * or {@code ROOT<tab>down}. What it logs goes to standard error as {@code ROOT<tab>text}. It ends with its standard input.
 */
public final class PracticePrimary {
    private static final String BLOCK = "hcp.server.tls.";

    private final String root;

    private PracticePrimary(String root) {
        this.root = root;
    }

    public static void main(String[] arguments) throws Exception {
        // One format for one name: a JKS file called .pfx must be refused, as strict readers of PKCS12 do.
        Security.setProperty("keystore.type.compat", "false");
        for (String root : arguments) {
            new PracticePrimary(root).start();
        }
        while (System.in.read() >= 0) {
            // Only its end matters.
        }
        System.exit(0);
    }

    private void start() throws Exception {
        Config config;
        try {
            config = ConfigFactory.parseFile(new File(root, "opt/hcp/conf/application.conf"),
                    com.typesafe.config.ConfigParseOptions.defaults().setAllowMissing(false)).resolve();
        } catch (ConfigException problem) {
            log(problem.toString());
            System.out.println(root + "\tdown");
            return;
        }
        String file = text(config, "default-keystore-file", "");
        char[] password = text(config, "default-keystore-password", "").toCharArray();
        KeyManagerFactory keys = null;
        if (!file.isEmpty()) {
            try {
                keys = configured(file, password);
            } catch (Exception problem) {
                log("Cannot load key store " + file + ": " + problem);
            }
        }
        SSLContext context = SSLContext.getInstance("TLS");
        context.init((keys == null ? builtin() : keys).getKeyManagers(), trusted().getTrustManagers(), null);
        SSLServerSocket listener = (SSLServerSocket) context.getServerSocketFactory()
                .createServerSocket(0, 64, InetAddress.getLoopbackAddress());
        String wanted = text(config, "client-authentication", "need");
        listener.setNeedClientAuth(wanted.equals("need"));
        if (wanted.equals("want")) {
            listener.setWantClientAuth(true);
        }
        if (config.hasPath(BLOCK + "protocols")) {
            listener.setEnabledProtocols(config.getStringList(BLOCK + "protocols").toArray(new String[0]));
        }
        Thread thread = new Thread(() -> accept(listener));
        thread.setDaemon(true);
        thread.start();
        System.out.println(root + "\t" + listener.getLocalPort());
    }

    private static String text(Config config, String name, String otherwise) {
        return config.hasPath(BLOCK + name) ? config.getString(BLOCK + name) : otherwise;
    }

    private KeyManagerFactory configured(String file, char[] password) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        File real = new File(root, file);
        try (InputStream stream = new FileInputStream(real)) {
            store.load(stream, password);
        }
        boolean holdsKey = false;
        for (String alias : Collections.list(store.aliases())) {
            holdsKey |= store.isKeyEntry(alias);
        }
        if (!holdsKey) {
            throw new java.security.KeyStoreException("no private key entry in the key store");
        }
        KeyManagerFactory factory = KeyManagerFactory.getInstance("SunX509");
        factory.init(store, password);
        return factory;
    }

    private KeyManagerFactory builtin() throws Exception {
        String pem = Files.readString(Path.of(root, "opt/hcp/lib/builtin-localhost.pem"));
        PrivateKey key = KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(block(pem, "PRIVATE KEY")));
        Certificate leaf = CertificateFactory.getInstance("X.509")
                .generateCertificate(new ByteArrayInputStream(block(pem, "CERTIFICATE")));
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        store.setKeyEntry("localhost", key, "builtin".toCharArray(), new Certificate[] {leaf});
        KeyManagerFactory factory = KeyManagerFactory.getInstance("SunX509");
        factory.init(store, "builtin".toCharArray());
        return factory;
    }

    private static byte[] block(String pem, String label) {
        Matcher found = Pattern.compile("-----BEGIN " + label + "-----(.*?)-----END", Pattern.DOTALL).matcher(pem);
        if (!found.find()) {
            throw new IllegalStateException("no " + label);
        }
        return Base64.getMimeDecoder().decode(found.group(1));
    }

    private TrustManagerFactory trusted() throws Exception {
        KeyStore all = KeyStore.getInstance("PKCS12");
        all.load(null, null);
        File cacerts = new File(root, "opt/hcp/jre/lib/security/cacerts");
        try {
            KeyStore shipped = KeyStore.getInstance(jks(cacerts) ? "JKS" : "PKCS12");
            try (InputStream stream = new FileInputStream(cacerts)) {
                shipped.load(stream, null);
            }
            for (String alias : Collections.list(shipped.aliases())) {
                all.setCertificateEntry(alias, shipped.getCertificate(alias));
            }
        } catch (Exception problem) {
            log("Cannot load trusted certificates: " + problem);
        }
        File[] uploaded = new File(root, "opt/hcp/data/portal/trusted-ca").listFiles();
        for (File file : uploaded == null ? new File[0] : uploaded) {
            try (InputStream stream = new FileInputStream(file)) {
                all.setCertificateEntry("portal-" + file.getName(),
                        CertificateFactory.getInstance("X.509").generateCertificate(stream));
            }
        }
        if (all.size() == 0) {
            // An empty store is refused at the first handshake; nobody being trusted is what is meant.
            all.setCertificateEntry("nobody", nobody());
        }
        TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
        factory.init(all);
        return factory;
    }

    private Certificate nobody() throws Exception {
        String pem = Files.readString(Path.of(root, "opt/hcp/lib/builtin-localhost.pem"));
        return CertificateFactory.getInstance("X.509")
                .generateCertificate(new ByteArrayInputStream(block(pem, "CERTIFICATE")));
    }

    private static boolean jks(File file) throws Exception {
        try (InputStream stream = new FileInputStream(file)) {
            return stream.read() == 0xFE;
        }
    }

    private void accept(SSLServerSocket listener) {
        while (true) {
            try {
                SSLSocket socket = (SSLSocket) listener.accept();
                Thread thread = new Thread(() -> converse(socket));
                thread.setDaemon(true);
                thread.start();
            } catch (Exception problem) {
                log(problem.toString());
                return;
            }
        }
    }

    private void converse(SSLSocket socket) {
        try (socket) {
            socket.setSoTimeout(60_000);
            socket.startHandshake();
            List<String> shown = new ArrayList<>();
            try {
                for (Certificate certificate : socket.getSession().getPeerCertificates()) {
                    shown.add(((X509Certificate) certificate).getSubjectX500Principal().getName());
                }
            } catch (javax.net.ssl.SSLPeerUnverifiedException nobody) {
                shown.add("no certificate");
            }
            log("connected with " + socket.getSession().getProtocol() + ", " + shown);
            byte[] buffer = new byte[4096];
            while (socket.getInputStream().read(buffer) >= 0) {
                Arrays.fill(buffer, (byte) 0);
            }
        } catch (Exception problem) {
            log(problem.toString());
        }
    }

    private void log(String text) {
        System.err.println(root + "\t" + text);
    }
}
