import java.time.Duration;
import java.util.Arrays;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.JoinWindows;
import org.apache.kafka.streams.kstream.KStream;

/**
 * Kafka Streams with exactly_once_v2: counts words, and joins two streams within a window. Each count is given once, from 1 upwards, and each
 * pair once; whatever is killed meanwhile. Runs until it is killed, and says "running" when it does.
 *
 * <p>Arguments: bootstrap server, application id, state directory. Topics: lines → counts, left and right → joined.
 */
public final class ExactlyOnceStreams {
    public static void main(String[] args) {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", args[0]);
        settings.put("application.id", args[1]);
        settings.put("state.dir", args[2]);
        settings.put("processing.guarantee", "exactly_once_v2");
        settings.put("default.key.serde", Serdes.StringSerde.class.getName());
        settings.put("default.value.serde", Serdes.StringSerde.class.getName());
        settings.put("replication.factor", "1");
        settings.put("num.stream.threads", "1");
        settings.put("commit.interval.ms", "100");
        // Every count comes out, not only the last one of a commit.
        settings.put("statestore.cache.max.bytes", "0");
        settings.put("auto.offset.reset", "earliest");
        settings.put("consumer.session.timeout.ms", "3000");
        settings.put("consumer.heartbeat.interval.ms", "500");
        settings.put("producer.transaction.timeout.ms", "6000");
        settings.put("task.timeout.ms", "120000");

        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, String> lines = builder.stream("lines");
        lines.flatMap((key, line) -> Arrays.stream(line.split(" ")).map(word -> KeyValue.pair(word, "")).toList())
                .groupByKey()
                .count()
                .toStream()
                .mapValues(count -> Long.toString(count))
                .to("counts");
        KStream<String, String> left = builder.stream("left");
        KStream<String, String> right = builder.stream("right");
        left.join(right, (a, b) -> a + "+" + b, JoinWindows.ofTimeDifferenceWithNoGrace(Duration.ofDays(1))).to("joined");

        KafkaStreams streams = new KafkaStreams(builder.build(), settings);
        streams.setUncaughtExceptionHandler(error -> {
            error.printStackTrace();
            return StreamThreadExceptionResponse.REPLACE_THREAD;
        });
        streams.setStateListener((state, former) -> {
            if (state == KafkaStreams.State.RUNNING) System.out.println("running");
        });
        streams.start();
    }
}
