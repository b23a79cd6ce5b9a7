import io.trino.plugin.memory.MemoryPlugin;
import io.trino.server.testing.TestingTrinoServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;

/** One Trino on a free port of the loopback address, with a catalogue in memory, until it is killed. */
class Server {
    /** Arguments: the file to write the address into, the catalogue's name, how much it may hold. */
    public static void main(String[] arguments) throws Exception {
        var server = TestingTrinoServer.builder()
                .setProperties(Map.of("query.max-length", "100000000"))
                .build();
        server.installPlugin(new MemoryPlugin());
        server.createCatalog(arguments[1], "memory", Map.of("memory.max-data-per-node", arguments[2]));
        var address = Path.of(arguments[0]);
        var written = Path.of(arguments[0] + ".new");
        Files.writeString(written, server.getBaseUrl().toString());
        Files.move(written, address, StandardCopyOption.ATOMIC_MOVE);
        Thread.currentThread().join();
    }
}
