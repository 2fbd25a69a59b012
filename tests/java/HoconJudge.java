import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigList;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueType;
import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Reads file names from standard input, one a line; prints for each one line of JSON with what the library makes of it. */
public final class HoconJudge {
    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(System.out, false, "UTF-8");
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String name = in.readLine(); name != null; name = in.readLine()) {
            out.println(judge(name));
        }
        out.flush();
    }

    private static String judge(String name) {
        Config config;
        try {
            config = ConfigFactory.parseFile(new File(name), ConfigParseOptions.defaults().setAllowMissing(false));
        } catch (RuntimeException | StackOverflowError error) {
            return "{\"parsed\":false,\"error\":" + text(String.valueOf(error.getMessage())) + "}";
        }
        try {
            Map<String, String> found = new TreeMap<>();
            walk("", config.resolve().root(), found);
            StringBuilder result = new StringBuilder("{\"parsed\":true,\"resolved\":true,\"values\":{");
            String comma = "";
            for (Map.Entry<String, String> entry : found.entrySet()) {
                result.append(comma).append(text(entry.getKey())).append(':').append(entry.getValue());
                comma = ",";
            }
            return result.append("}}").toString();
        } catch (RuntimeException | StackOverflowError error) {
            return "{\"parsed\":true,\"resolved\":false,\"error\":" + text(String.valueOf(error.getMessage())) + "}";
        }
    }

    /** Keys of the path, each as a JSON string, joined by a line feed, to the value. */
    private static void walk(String prefix, ConfigObject object, Map<String, String> found) {
        for (Map.Entry<String, ConfigValue> entry : object.entrySet()) {
            String path = prefix + (prefix.isEmpty() ? "" : "\n") + text(entry.getKey());
            ConfigValue value = entry.getValue();
            if (value.valueType() == ConfigValueType.OBJECT) {
                walk(path, (ConfigObject) value, found);
            } else if (value.valueType() != ConfigValueType.NULL) {
                found.put(path, shown(value));
            }
        }
    }

    private static String shown(ConfigValue value) {
        StringBuilder result = new StringBuilder();
        String comma = "";
        switch (value.valueType()) {
            case LIST:
                for (ConfigValue item : (List<ConfigValue>) (ConfigList) value) {
                    result.append(comma).append(shown(item));
                    comma = ",";
                }
                return "[" + result + "]";
            case OBJECT:
                for (Map.Entry<String, ConfigValue> entry : new TreeMap<>((ConfigObject) value).entrySet()) {
                    result.append(comma).append(text(entry.getKey())).append(':').append(shown(entry.getValue()));
                    comma = ",";
                }
                return "{" + result + "}";
            case NULL:
                return "null";
            default:
                // Through a path, so that a number keeps the text it was written with.
                return text(value.atPath(ConfigUtil.joinPath("x")).getString("x"));
        }
    }

    private static String text(String value) {
        StringBuilder result = new StringBuilder("\"");
        for (char sign : value.toCharArray()) {
            if (sign < 0x20 || sign > 0x7e || sign == '"' || sign == '\\') {
                result.append(String.format("\\u%04x", (int) sign));
            } else {
                result.append(sign);
            }
        }
        return result.append('"').toString();
    }
}
