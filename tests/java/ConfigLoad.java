import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import java.net.InetAddress;
import java.net.ServerSocket;

/**
 * Prints what {@code ConfigFactory.load()} gives for one path, as a server does that names no file itself: {@code value}
 * and the text, or {@code none} and the kind of refusal. With {@code wait} behind it, it then listens on a loopback port,
 * prints that, and waits for the end of its input.
 */
public final class ConfigLoad {
    public static void main(String[] args) throws Exception {
        try {
            Config config = ConfigFactory.load();
            System.out.println("value " + config.getString(args[0]));
        } catch (ConfigException refused) {
            System.out.println("none " + refused.getClass().getSimpleName());
        }
        if (args.length > 1 && args[1].equals("wait")) {
            try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                System.out.println(listener.getLocalPort());
                System.out.flush();
                while (System.in.read() >= 0) {
                    // Only its end matters.
                }
            }
        }
    }
}
