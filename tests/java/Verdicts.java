import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.FileInputStream;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Scanner;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/**
 * What this Java makes of certificates, host names and stores. A line holds, separated by tabs, an id, a question and
 * its parts, each in base64; the answer is `id TAB OK details` or `id TAB reason`.
 *
 * server|client CHAINFILE ROOTFILE HOST: may a peer that trusts ROOTFILE accept the chain (HOST "" for no check)?
 * name CERTIFICATEFILE HOST: does the host name match?
 * sni HOST: which name does a client send?
 * store FILE PASSWORD KEYPASSWORD: what does KeyStore find? ("" for the same key password)
 * keytool ARGUMENT...: what does keytool say?
 */
public final class Verdicts {
    private static final Map<String, List<X509Certificate>> READ = new HashMap<>();
    private static SSLContext context;

    public static void main(String[] args) throws Exception {
        PrintStream out = System.out;
        Scanner lines = new Scanner(System.in, StandardCharsets.UTF_8);
        while (lines.hasNextLine()) {
            String[] part = lines.nextLine().split("\t", -1);
            for (int place = 2; place < part.length; place++) {
                part[place] = new String(Base64.getDecoder().decode(part[place]), StandardCharsets.UTF_8);
            }
            String answer;
            try {
                answer = "OK " + answer(part);
            } catch (Throwable error) {
                answer = reasons(error);
            }
            out.println(part[0] + "\t" + answer.replaceAll("[\\p{Cntrl}\\s]+", " ").trim());
        }
    }

    private static String answer(String[] part) throws Exception {
        switch (part[1]) {
            case "name":
                return match(part[3], read(part[2]).get(0));
            case "sni":
                return hello(part[2]);
            case "store":
                return store(part[2], part[3].toCharArray(), (part[4].isEmpty() ? part[3] : part[4]).toCharArray());
            case "keytool":
                return keytool(java.util.Arrays.copyOfRange(part, 2, part.length));
            default:
                return trusted(part[1].equals("server"), read(part[2]), read(part[3]).get(0), part[4]);
        }
    }

    private static List<X509Certificate> read(String path) throws Exception {
        List<X509Certificate> known = READ.get(path);
        if (known != null) {
            return known;
        }
        List<X509Certificate> found = new ArrayList<>();
        try (FileInputStream in = new FileInputStream(path)) {
            for (Certificate each : CertificateFactory.getInstance("X.509").generateCertificates(in)) {
                found.add((X509Certificate) each);
            }
        }
        READ.put(path, found);
        return found;
    }

    private static String match(String host, X509Certificate certificate) throws Exception {
        // By its name, because javac knows no internal class when it compiles for an older release.
        Class<?> checker = Class.forName("sun.security.util.HostnameChecker");
        Object tls = checker.getMethod("getInstance", byte.class).invoke(null, (byte) 1);
        checker.getMethod("match", String.class, X509Certificate.class).invoke(tls, host, certificate);
        return "";
    }

    private static String trusted(boolean server, List<X509Certificate> chain, X509Certificate root, String host)
            throws Exception {
        KeyStore store = KeyStore.getInstance("JKS");
        store.load(null, null);
        store.setCertificateEntry("root", root);
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        X509TrustManager manager = (X509TrustManager) factory.getTrustManagers()[0];
        X509Certificate[] path = chain.toArray(new X509Certificate[0]);
        if (server) {
            manager.checkServerTrusted(path, "UNKNOWN");
        } else {
            manager.checkClientTrusted(path, "UNKNOWN");
        }
        return host.isEmpty() ? "" : match(host, path[0]);
    }

    /** The name in the ClientHello (RFC 6066): the engine's own words, not what was meant. */
    private static String hello(String host) throws Exception {
        if (context == null) {
            context = SSLContext.getInstance("TLS");
            context.init(null, null, null);
        }
        SSLEngine engine = context.createSSLEngine(host, 2560);
        engine.setUseClientMode(true);
        ByteBuffer sent = ByteBuffer.allocate(1 << 16);
        engine.wrap(ByteBuffer.allocate(0), sent);
        sent.flip();
        sent.position(5 + 4 + 2 + 32);
        sent.position(sent.position() + 1 + (sent.get(sent.position()) & 0xFF));
        sent.position(sent.position() + 2 + (sent.getShort(sent.position()) & 0xFFFF));
        sent.position(sent.position() + 1 + (sent.get(sent.position()) & 0xFF));
        int end = sent.position() + 2 + (sent.getShort() & 0xFFFF);
        while (sent.position() < end) {
            int type = sent.getShort() & 0xFFFF;
            int size = sent.getShort() & 0xFFFF;
            if (type == 0) {
                byte[] name = new byte[size - 5];
                sent.position(sent.position() + 5);
                sent.get(name);
                return new String(name, StandardCharsets.US_ASCII);
            }
            sent.position(sent.position() + size);
        }
        return "";
    }

    private static String store(String path, char[] password, char[] keyPassword) throws Exception {
        KeyStore store = KeyStore.getInstance(new File(path), password);
        List<String> found = new ArrayList<>();
        for (String alias : Collections.list(store.aliases())) {
            if (store.isKeyEntry(alias)) {
                String kind = store.getKey(alias, keyPassword).getAlgorithm();
                Certificate[] chain = store.getCertificateChain(alias);
                found.add(kind + " " + (chain == null ? 0 : chain.length));
            } else {
                found.add("trusted");
            }
        }
        Collections.sort(found);
        return store.getType().toLowerCase() + " " + String.join(", ", found);
    }

    /** In this process: with -debug keytool throws its errors instead of ending the process. */
    private static String keytool(String[] arguments) throws Exception {
        Class<?> tool = Class.forName("sun.security.tools.keytool.Main");
        var make = tool.getDeclaredConstructor();
        make.setAccessible(true);
        var run = tool.getDeclaredMethod("run", String[].class, PrintStream.class);
        run.setAccessible(true);
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        PrintStream error = System.err;
        System.setErr(new PrintStream(new ByteArrayOutputStream()));
        PrintStream out = System.out;
        System.setOut(System.err);
        try {
            run.invoke(make.newInstance(), arguments, new PrintStream(said, true, StandardCharsets.UTF_8));
        } finally {
            System.setErr(error);
            System.setOut(out);
        }
        return said.toString(StandardCharsets.UTF_8);
    }

    private static String reasons(Throwable error) {
        StringBuilder text = new StringBuilder();
        for (Throwable each = error; each != null; each = each.getCause()) {
            if (each instanceof java.lang.reflect.InvocationTargetException) {
                continue;
            }
            text.append(text.length() == 0 ? "" : " <- ").append(each);
        }
        return text.toString();
    }
}
