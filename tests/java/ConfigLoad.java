import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;

/**
 * Prints what {@code ConfigFactory.load()} gives for one path, as a server does that names no file itself: {@code value}
 * and the text, or {@code none} and the kind of refusal. With a second argument it then waits for the end of its input.
 */
public final class ConfigLoad {
    public static void main(String[] args) throws Exception {
        try {
            Config config = ConfigFactory.load();
            System.out.println("value " + config.getString(args[0]));
        } catch (ConfigException refused) {
            System.out.println("none " + refused.getClass().getSimpleName());
        }
        System.out.flush();
        if (args.length > 1 && args[1].equals("wait")) {
            while (System.in.read() >= 0) {
                // Only its end matters.
            }
        }
    }
}
