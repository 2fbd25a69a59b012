import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Key;
import java.security.KeyStore;
import java.util.Collections;
import java.util.Scanner;
import java.util.TreeSet;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/**
 * What this JVM finds in PKCS12 stores. A line of input is `path TAB password`; the answer is one line:
 * entries `alias:key:chainlength` or `alias:cert`, comma separated, then TAB, the number of trust anchors.
 */
public final class StoreReport {
    public static void main(String[] args) {
        Scanner lines = new Scanner(System.in, StandardCharsets.UTF_8);
        while (lines.hasNextLine()) {
            String[] part = lines.nextLine().split("\t", -1);
            try {
                System.out.println(report(part[0], part[1].toCharArray()));
            } catch (Exception error) {
                System.out.println("ERROR " + error);
            }
        }
    }

    private static String report(String path, char[] password) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (var in = Files.newInputStream(Path.of(path))) {
            store.load(in, password);
        }
        StringBuilder text = new StringBuilder();
        for (String alias : new TreeSet<>(Collections.list(store.aliases()))) {
            text.append(text.length() == 0 ? "" : ",").append(alias);
            if (store.isKeyEntry(alias)) {
                Key key = store.getKey(alias, password);
                text.append(":").append(key.getAlgorithm()).append(":").append(store.getCertificateChain(alias).length);
            } else {
                text.append(":cert");
            }
        }
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(store, password);
        TrustManagerFactory trusted = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trusted.init(store);
        int anchors = ((X509TrustManager) trusted.getTrustManagers()[0]).getAcceptedIssuers().length;
        return text + "\t" + anchors;
    }
}
