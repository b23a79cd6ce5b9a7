import io.trino.plugin.memory.MemoryPlugin;
import io.trino.server.testing.TestingTrinoServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;

/** One Trino on a free port of the loopback address, with catalogues in memory, until it is killed. */
class Server {
    /** Argument: the file to write the address into. Catalogues are made by CREATE CATALOG. */
    public static void main(String[] arguments) throws Exception {
        var server = TestingTrinoServer.builder()
                .setProperties(Map.of("query.max-length", "100000000"))
                .build();
        server.installPlugin(new MemoryPlugin());
        var address = Path.of(arguments[0]);
        var written = Path.of(arguments[0] + ".new");
        Files.writeString(written, server.getBaseUrl().toString());
        Files.move(written, address, StandardCopyOption.ATOMIC_MOVE);
        Thread.currentThread().join();
    }
}
