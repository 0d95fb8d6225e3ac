package interop;

import ca.uhn.hl7v2.DefaultHapiContext;
import ca.uhn.hl7v2.HapiContext;
import ca.uhn.hl7v2.app.Connection;
import ca.uhn.hl7v2.app.Initiator;
import ca.uhn.hl7v2.parser.Parser;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.apache.camel.Exchange;
import org.apache.camel.ProducerTemplate;
import org.apache.camel.component.mllp.MllpAcknowledgementException;
import org.apache.camel.component.mllp.MllpConstants;
import org.apache.camel.impl.DefaultCamelContext;

/**
 * Reads messages from standard input, one a line: the sender's name and the segments, parted by tabs. Sends each with that
 * library until it is answered, and prints a line of JSON for each attempt: {"sender","id","ack"} or {"sender","id","lost"}.
 */
public final class Senders {
  private static final int TIMEOUT_MS = 5_000;
  private static final int REST_MS = 100;
  private static final PrintStream OUT = new PrintStream(System.out, true, StandardCharsets.UTF_8);

  interface Sender {
    /** The acknowledgement, as the library hands it over. */
    String send(String message) throws Exception;
  }

  public static void main(String[] arguments) throws Exception {
    int port = Integer.parseInt(arguments[0]);
    Map<String, Sender> senders = Map.of("hapi", new Hapi(port), "camel", camel(port));
    Map<String, ExecutorService> threads = Map.of("hapi", Executors.newSingleThreadExecutor(), "camel", Executors.newSingleThreadExecutor());
    OUT.println("{\"ready\":true}");
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      String[] parts = line.split("\t", 2);
      String message = parts[1].replace('\t', '\r') + '\r';
      threads.get(parts[0]).submit(() -> deliver(parts[0], senders.get(parts[0]), message));
    }
    // Whoever feeds us is gone.
    Runtime.getRuntime().halt(0);
  }

  private static void deliver(String name, Sender sender, String message) {
    String id = message.split("\\|", 11)[9];
    while (true) {
      try {
        say(name, id, "ack", sender.send(message));
        return;
      } catch (Exception trouble) {
        say(name, id, "lost", String.valueOf(trouble));
        try {
          Thread.sleep(REST_MS);
        } catch (InterruptedException stop) {
          return;
        }
      }
    }
  }

  /** A client of HAPI HL7v2: parses and encodes the message anew, keeps its connection, and makes another when it broke. */
  private static final class Hapi implements Sender {
    private final HapiContext context = new DefaultHapiContext();
    private final Parser parser = context.getPipeParser();
    private final int port;
    private Connection connection;

    Hapi(int port) {
      this.port = port;
    }

    @Override
    public String send(String message) throws Exception {
      if (connection == null || !connection.isOpen()) connection = context.newClient("127.0.0.1", port, false);
      Initiator initiator = connection.getInitiator();
      initiator.setTimeout(TIMEOUT_MS, TimeUnit.MILLISECONDS);
      try {
        return parser.encode(initiator.sendAndReceive(parser.parse(message)));
      } catch (Exception trouble) {
        connection.close();
        connection = null;
        throw trouble;
      }
    }
  }

  /** Camel's MLLP producer, which connects by itself and throws what is no positive acknowledgement. */
  private static Sender camel(int port) throws Exception {
    DefaultCamelContext context = new DefaultCamelContext();
    context.start();
    ProducerTemplate template = context.createProducerTemplate();
    String to = "mllp:127.0.0.1:" + port + "?receiveTimeout=" + TIMEOUT_MS + "&connectTimeout=" + TIMEOUT_MS;
    return message -> {
      Exchange exchange = template.request(to, asked -> asked.getIn().setBody(message));
      Exception trouble = exchange.getException();
      if (trouble instanceof MllpAcknowledgementException refusal && refusal.hasHl7AcknowledgementBytes()) return new String(refusal.getHl7AcknowledgementBytes(), StandardCharsets.UTF_8);
      if (trouble != null) throw trouble;
      return exchange.getMessage().getHeader(MllpConstants.MLLP_ACKNOWLEDGEMENT_STRING, String.class);
    };
  }

  private static synchronized void say(String sender, String id, String what, String text) {
    StringBuilder escaped = new StringBuilder();
    for (char letter : String.valueOf(text).toCharArray()) {
      if (letter == '"' || letter == '\\' || letter < ' ') escaped.append(String.format("\\u%04x", (int) letter));
      else escaped.append(letter);
    }
    OUT.println("{\"sender\":\"" + sender + "\",\"id\":\"" + id + "\",\"" + what + "\":\"" + escaped + "\"}");
  }
}
