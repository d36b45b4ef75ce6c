import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * One record in flight, acks=all: sends a record, waits for its acknowledgement, waits until a consumer has it, and only
 * then sends the next. Prints percentiles of both times in microseconds, as one line of JSON. It is there because Kafka's
 * own EndToEndLatency prints percentiles in whole milliseconds.
 *
 * <p>Arguments: bootstrap server, topic (with one partition), records to warm up with, records to measure, record size.
 */
public final class OneInFlight {
    public static void main(String[] args) throws Exception {
        String topic = args[1];
        int warmUp = Integer.parseInt(args[2]);
        int measured = Integer.parseInt(args[3]);
        byte[] value = new byte[Integer.parseInt(args[4])];

        Properties settings = new Properties();
        settings.put("bootstrap.servers", args[0]);
        settings.put("acks", "all");
        settings.put("linger.ms", "0");
        settings.put("auto.offset.reset", "latest");
        settings.put("enable.auto.commit", "false");

        long[] acknowledged = new long[measured];
        long[] received = new long[measured];
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
                KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            TopicPartition partition = new TopicPartition(topic, 0);
            consumer.assign(List.of(partition));
            consumer.seekToEnd(List.of(partition));
            consumer.position(partition);
            for (int i = -warmUp; i < measured; i++) {
                long start = System.nanoTime();
                producer.send(new ProducerRecord<>(topic, 0, null, value)).get();
                long atAck = System.nanoTime();
                int count = 0;
                while (count == 0) count = consumer.poll(Duration.ofSeconds(10)).count();
                if (count != 1) throw new IllegalStateException("got " + count + " records, sent one");
                if (i < 0) continue;
                acknowledged[i] = atAck - start;
                received[i] = System.nanoTime() - start;
            }
        }
        System.out.printf("{\"acknowledged\":%s,\"received\":%s}%n", percentiles(acknowledged), percentiles(received));
    }

    private static String percentiles(long[] nanoseconds) {
        Arrays.sort(nanoseconds);
        return String.format("{\"p50\":%d,\"p99\":%d,\"max\":%d}", at(nanoseconds, 0.5), at(nanoseconds, 0.99), at(nanoseconds, 1));
    }

    private static long at(long[] sorted, double share) {
        return sorted[Math.min(sorted.length - 1, (int) (sorted.length * share))] / 1000;
    }
}
