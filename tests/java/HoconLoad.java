import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.io.File;

/** Loads and resolves one file, as a server does when it starts. */
public final class HoconLoad {
    public static void main(String[] args) {
        Config config = ConfigFactory.parseFile(new File(args[0])).resolve();
        System.out.println(config.root().size());
    }
}
