import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.security.Key;
import java.security.KeyStore;
import java.util.Collections;

/**
 * Copies the keys of a PKCS12 store into a new store of any type whose keys have a password of their own.
 * Usage: TwoPasswords IN INPASS OUT TYPE STOREPASS KEYPASS. Passwords come as UTF-8 hex, so that they may hold anything.
 */
public final class TwoPasswords {
    public static void main(String[] args) throws Exception {
        KeyStore from = KeyStore.getInstance("PKCS12");
        try (InputStream in = new FileInputStream(args[0])) {
            from.load(in, plain(args[1]));
        }
        KeyStore to = KeyStore.getInstance(args[3]);
        to.load(null, null);
        for (String alias : Collections.list(from.aliases())) {
            if (from.isKeyEntry(alias)) {
                Key key = from.getKey(alias, plain(args[1]));
                to.setKeyEntry(alias, key, plain(args[5]), from.getCertificateChain(alias));
            } else {
                to.setCertificateEntry(alias, from.getCertificate(alias));
            }
        }
        try (OutputStream out = new FileOutputStream(args[2])) {
            to.store(out, plain(args[4]));
        }
    }

    private static char[] plain(String hex) {
        byte[] bytes = new byte[hex.length() / 2];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) Integer.parseInt(hex.substring(2 * i, 2 * i + 2), 16);
        }
        return new String(bytes, StandardCharsets.UTF_8).toCharArray();
    }
}
