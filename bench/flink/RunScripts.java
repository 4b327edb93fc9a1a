/**
 * Flink in one process, asked by bench/flink/flink-process.ts. Each line of the input is a word and the path
 * of a script whose last statement is a query; each is answered by one line of JSON: "cost" runs the query
 * into nowhere and answers what it took, "rows" answers its rows after all changes. Every script has a
 * TableEnvironment and a cluster of its own, so that only the Java machine is warm.
 */
import com.sun.management.OperatingSystemMXBean;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.metrics.Gauge;
import org.apache.flink.metrics.Metric;
import org.apache.flink.metrics.MetricConfig;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.metrics.reporter.MetricReporter;
import org.apache.flink.metrics.reporter.MetricReporterFactory;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.TableDescriptor;
import org.apache.flink.table.api.TableResult;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;
import org.apache.flink.types.Row;
import org.apache.flink.types.RowKind;
import org.apache.flink.util.CloseableIterator;

public final class RunScripts {
  private static final Pattern SET = Pattern.compile("SET '([^']+)' = '([^']*)'");
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final OperatingSystemMXBean SYSTEM =
      (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

  public static void main(String[] arguments) throws Exception {
    BufferedReader scripts = new BufferedReader(new InputStreamReader(System.in));
    for (String line = scripts.readLine(); line != null; line = scripts.readLine()) {
      Map<String, Object> answer;
      try {
        String[] request = line.split(" ", 2);
        answer = run(request[0], Files.readString(Path.of(request[1])));
      } catch (Exception error) {
        StringBuilder reasons = new StringBuilder();
        for (Throwable at = error; at != null; at = at.getCause()) reasons.append(at).append("; ");
        answer = Map.of("error", reasons.toString());
      }
      System.out.println(JSON.writeValueAsString(answer));
    }
  }

  private static Map<String, Object> run(String wanted, String script) throws Exception {
    Configuration configuration = new Configuration();
    configuration.setString("metrics.reporters", "kept");
    configuration.setString("metrics.reporter.kept.factory.class", KeptMetrics.Factory.class.getName());
    List<String> statements = new ArrayList<>();
    for (String statement : script.split(";\\s*\n")) {
      Matcher set = SET.matcher(statement.strip());
      if (set.matches()) configuration.setString(set.group(1), set.group(2));
      else if (!statement.isBlank()) statements.add(statement.strip());
    }
    StreamTableEnvironment tables = StreamTableEnvironment.create(
        StreamExecutionEnvironment.createLocalEnvironment(configuration));
    String query = statements.remove(statements.size() - 1);
    statements.forEach(tables::executeSql);
    return wanted.equals("cost") ? cost(tables, query) : rows(tables, query);
  }

  /** From the moment that the job is handed in, planned and optimized, to the end of its last task. */
  private static Map<String, Object> cost(StreamTableEnvironment tables, String query) throws Exception {
    KeptMetrics.ALL.clear();
    TableDescriptor nowhere = TableDescriptor.forConnector("blackhole").build();
    TableResult job = tables.sqlQuery(query).executeInsert(nowhere);
    long cpuNs = SYSTEM.getProcessCpuTime();
    long startNs = System.nanoTime();
    job.await();
    Map<String, Object> answer = new LinkedHashMap<>();
    answer.put("cpuMs", (SYSTEM.getProcessCpuTime() - cpuNs) / 1e6);
    answer.put("wallMs", (System.nanoTime() - startNs) / 1e6);
    answer.put("checkpoints", KeptMetrics.checkpoints());
    return answer;
  }

  /** What remains of the changes, in no order. */
  private static Map<String, Object> rows(StreamTableEnvironment tables, String query) throws Exception {
    Map<List<Object>, Integer> counts = new LinkedHashMap<>();
    TableResult result = tables.executeSql(query);
    try (CloseableIterator<Row> changes = result.collect()) {
      while (changes.hasNext()) {
        Row row = changes.next();
        List<Object> cells = new ArrayList<>();
        for (int k = 0; k < row.getArity(); k++) cells.add(cell(row.getField(k)));
        boolean isAdded = row.getKind() == RowKind.INSERT || row.getKind() == RowKind.UPDATE_AFTER;
        counts.merge(cells, isAdded ? 1 : -1, Integer::sum);
        counts.remove(cells, 0);
      }
    }
    List<List<Object>> rows = new ArrayList<>();
    counts.forEach((cells, count) -> {
      if (count < 0) throw new IllegalStateException("a row went that never came: " + cells);
      for (int n = 0; n < count; n++) rows.add(cells);
    });
    return Map.of("rows", rows);
  }

  /** As test/kit/canonical.ts has it: times as microseconds, decimals without zeros at their end. */
  private static Object cell(Object value) {
    if (value instanceof LocalDateTime time) return cell(time.toInstant(ZoneOffset.UTC));
    if (value instanceof Instant time) {
      return Long.toString(time.getEpochSecond() * 1_000_000 + time.getNano() / 1_000);
    }
    if (value instanceof BigDecimal decimal) return decimal.stripTrailingZeros().toPlainString();
    if (value instanceof Double || value == null) return value;
    return value.toString();
  }

  /** Holds on to every metric of the running job: some are asked when it has ended. */
  public static final class KeptMetrics implements MetricReporter {
    private record Kept(Metric metric, String name) {}

    private static final ConcurrentLinkedQueue<Kept> ALL = new ConcurrentLinkedQueue<>();

    public static final class Factory implements MetricReporterFactory {
      @Override
      public MetricReporter createMetricReporter(Properties properties) {
        return new KeptMetrics();
      }
    }

    static long checkpoints() {
      return ALL.stream()
          .filter(kept -> kept.name.equals("numberOfCompletedCheckpoints"))
          .mapToLong(kept -> ((Number) ((Gauge<?>) kept.metric).getValue()).longValue())
          .max()
          .orElse(0);
    }

    @Override
    public void open(MetricConfig config) {}

    @Override
    public void close() {}

    @Override
    public void notifyOfAddedMetric(Metric metric, String name, MetricGroup group) {
      ALL.add(new Kept(metric, name));
    }

    @Override
    public void notifyOfRemovedMetric(Metric metric, String name, MetricGroup group) {}
  }
}
