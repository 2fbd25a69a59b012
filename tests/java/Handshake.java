import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.Scanner;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManagerFactory;

/**
 * Mutual TLS between two engines in one process, as often as lines come in. A line holds, separated by tabs:
 * id, protocol, dialled host ("" for no check), server key store, server trust store, client key store, client trust
 * store. The password of every store is "changeit". Answers `id OK protocol` or `id SERVER|CLIENT|STORE reason`.
 */
public final class Handshake {
    private static final char[] PASSWORD = "changeit".toCharArray();

    public static void main(String[] args) {
        Scanner lines = new Scanner(System.in, StandardCharsets.UTF_8);
        while (lines.hasNextLine()) {
            String[] part = lines.nextLine().split("\t", -1);
            System.out.println(part[0] + "\t" + attempt(part));
        }
    }

    private static String attempt(String[] part) {
        SSLEngine server;
        SSLEngine client;
        try {
            server = context(part[3], part[4]).createSSLEngine();
            client = context(part[5], part[6]).createSSLEngine(part[2].isEmpty() ? "any" : part[2], 2560);
        } catch (Exception error) {
            return "STORE\t" + reasons(error);
        }
        server.setUseClientMode(false);
        server.setNeedClientAuth(true);
        client.setUseClientMode(true);
        String[] protocols = {part[1]};
        server.setEnabledProtocols(protocols);
        client.setEnabledProtocols(protocols);
        if (!part[2].isEmpty()) {
            SSLParameters parameters = client.getSSLParameters();
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            client.setSSLParameters(parameters);
        }
        return converse(client, server);
    }

    private static SSLContext context(String keys, String trusted) throws Exception {
        KeyManagerFactory mine = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        mine.init(load(keys), PASSWORD);
        TrustManagerFactory theirs = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        theirs.init(load(trusted));
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(mine.getKeyManagers(), theirs.getTrustManagers(), null);
        return context;
    }

    private static KeyStore load(String path) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (var in = Files.newInputStream(Path.of(path))) {
            store.load(in, PASSWORD);
        }
        return store;
    }

    /** Shake hands, then send one byte each way: in TLS 1.3 the server judges the client after the client is done. */
    private static String converse(SSLEngine client, SSLEngine server) {
        ByteBuffer toServer = ByteBuffer.allocate(1 << 18);
        ByteBuffer toClient = ByteBuffer.allocate(1 << 18);
        int[] heard = new int[2];
        for (int turn = 0; turn < 200; turn++) {
            try {
                step(server, toServer, toClient, heard, 1);
            } catch (Exception error) {
                return "SERVER\t" + reasons(error);
            }
            try {
                step(client, toClient, toServer, heard, 0);
            } catch (Exception error) {
                return "CLIENT\t" + reasons(error);
            }
            if (heard[0] > 0 && heard[1] > 0) {
                return "OK\t" + client.getSession().getProtocol();
            }
        }
        return "STUCK\t" + client.getHandshakeStatus() + " " + server.getHandshakeStatus();
    }

    private static void step(SSLEngine engine, ByteBuffer in, ByteBuffer out, int[] heard, int side) throws Exception {
        ByteBuffer plain = ByteBuffer.allocate(1 << 16);
        in.flip();
        while (in.hasRemaining() && engine.getHandshakeStatus() != HandshakeStatus.NEED_WRAP) {
            SSLEngineResult result = engine.unwrap(in, plain);
            tasks(engine);
            if (result.bytesConsumed() == 0 && result.getHandshakeStatus() != HandshakeStatus.NEED_TASK) {
                break;
            }
        }
        in.compact();
        heard[side] += plain.position();
        tasks(engine);
        if (engine.getHandshakeStatus() == HandshakeStatus.NOT_HANDSHAKING && engine.getSession().isValid()) {
            engine.wrap(ByteBuffer.wrap(new byte[] {1}), out);
        } else {
            while (engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP || first(engine)) {
                engine.wrap(ByteBuffer.allocate(0), out);
                tasks(engine);
            }
        }
    }

    private static boolean first(SSLEngine engine) {
        return engine.getUseClientMode()
                && engine.getHandshakeStatus() == HandshakeStatus.NOT_HANDSHAKING
                && !engine.getSession().isValid();
    }

    private static void tasks(SSLEngine engine) {
        Runnable task;
        while ((task = engine.getDelegatedTask()) != null) {
            task.run();
        }
    }

    private static String reasons(Throwable error) {
        StringBuilder text = new StringBuilder();
        for (Throwable each = error; each != null; each = each.getCause()) {
            text.append(text.length() == 0 ? "" : " <- ").append(String.valueOf(each.getMessage()));
        }
        return text.toString().replace('\n', ' ').replace('\t', ' ');
    }
}
