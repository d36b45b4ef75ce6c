import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidTxnStateException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * What the coordinators of groups and of transactions do in a time. Prints one number.
 *
 * <pre>
 * join         BOOTSTRAP TOPIC MEMBERS PROTOCOL   milliseconds until each member has its one partition of the topic (which has as many)
 * commit       BOOTSTRAP TOPIC GROUPS SECONDS     offset commits a second, each group waiting for its answer before the next
 * transactions BOOTSTRAP TOPIC PRODUCERS SECONDS  transactions of one record a second, each producer committing one before the next
 * </pre>
 */
public final class Coordinators {
    private static final Duration POLL = Duration.ofMillis(100);

    public static void main(String[] args) throws Exception {
        String bootstrap = args[1];
        String topic = args[2];
        int count = Integer.parseInt(args[3]);
        double figure = switch (args[0]) {
            case "join" -> join(bootstrap, topic, count, args[4]);
            case "commit" -> perSecond(count, Integer.parseInt(args[4]), index -> committing(bootstrap, topic, index));
            case "transactions" -> perSecond(count, Integer.parseInt(args[4]), index -> transacting(bootstrap, topic, index));
            default -> throw new IllegalArgumentException(args[0]);
        };
        System.out.println(figure);
        System.exit(0); // fifty consumers that close one after the other would only take time
    }

    /** All members know the cluster before the clock starts, so that it times the coordinator and not the JVM. */
    private static double join(String bootstrap, String topic, int members, String protocol) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(members);
        CountDownLatch ready = new CountDownLatch(members);
        CountDownLatch begin = new CountDownLatch(1);
        AtomicBoolean done = new AtomicBoolean();
        List<Integer> owned = new ArrayList<>();
        for (int i = 0; i < members; i++) owned.add(-1);
        for (int i = 0; i < members; i++) {
            int member = i;
            threads.submit(() -> {
                KafkaConsumer<byte[], byte[]> consumer = consumer(bootstrap, "joined-" + protocol, Map.of("group.protocol", protocol));
                consumer.partitionsFor(topic);
                ready.countDown();
                begin.await();
                consumer.subscribe(List.of(topic), new ConsumerRebalanceListener() {
                    @Override public void onPartitionsAssigned(Collection<TopicPartition> partitions) { note(); }
                    @Override public void onPartitionsRevoked(Collection<TopicPartition> partitions) { note(); }
                    private void note() { synchronized (owned) { owned.notifyAll(); } }
                });
                while (!done.get()) {
                    consumer.poll(POLL);
                    synchronized (owned) {
                        owned.set(member, consumer.assignment().size());
                        owned.notifyAll();
                    }
                }
                return null;
            });
        }
        ready.await();
        long start = System.nanoTime();
        begin.countDown();
        synchronized (owned) {
            while (!owned.stream().allMatch(partitions -> partitions == 1)) owned.wait();
        }
        done.set(true);
        return (System.nanoTime() - start) / 1e6;
    }

    private interface Work { Callable<Void> of(int index) throws Exception; }

    /** Repeats each worker's step for a third of the time to warm up, and then counts. */
    private static double perSecond(int workers, int seconds, Work work) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(workers);
        CountDownLatch ready = new CountDownLatch(workers);
        long[] bounds = new long[2];
        CountDownLatch begin = new CountDownLatch(1);
        List<Future<Long>> counts = new ArrayList<>();
        for (int i = 0; i < workers; i++) {
            Callable<Void> step = work.of(i);
            counts.add(threads.submit(() -> {
                step.call();
                ready.countDown();
                begin.await();
                long counted = 0;
                for (long now = System.nanoTime(); now < bounds[1]; now = System.nanoTime()) {
                    step.call();
                    if (now >= bounds[0]) counted++;
                }
                return counted;
            }));
        }
        ready.await();
        bounds[0] = System.nanoTime() + seconds * 1_000_000_000L / 3;
        bounds[1] = bounds[0] + seconds * 1_000_000_000L;
        begin.countDown();
        long sum = 0;
        for (Future<Long> count : counts) sum += count.get();
        return (double) sum / seconds;
    }

    private static Callable<Void> committing(String bootstrap, String topic, int index) {
        KafkaConsumer<byte[], byte[]> consumer = consumer(bootstrap, "committing-" + index, Map.of());
        TopicPartition partition = new TopicPartition(topic, 0);
        consumer.assign(List.of(partition));
        long[] offset = {0};
        return () -> {
            consumer.commitSync(Map.of(partition, new OffsetAndMetadata(offset[0]++)));
            return null;
        };
    }

    /**
     * One transaction of one record each time. The producer of 4.4.0 may ask for a transaction's end before it has sent its record, which the
     * broker answers with INVALID_TXN_STATE, Apache Kafka as well: seen once in some hundred thousand. The producer is of no use then and a
     * new one begins; the transaction that failed is made again, so each call still is one that was committed.
     */
    private static Callable<Void> transacting(String bootstrap, String topic, int index) {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", bootstrap);
        settings.put("transactional.id", "transacting-" + index);
        settings.put("linger.ms", "0");
        AtomicReference<KafkaProducer<byte[], byte[]>> producer = new AtomicReference<>(transactional(settings));
        byte[] value = new byte[100];
        return () -> {
            for (;;) {
                try {
                    producer.get().beginTransaction();
                    producer.get().send(new ProducerRecord<>(topic, 0, null, value));
                    producer.get().commitTransaction();
                    return null;
                } catch (InvalidTxnStateException error) {
                    System.err.println("a new producer begins: " + error.getMessage());
                    producer.get().close(Duration.ZERO);
                    producer.set(transactional(settings));
                }
            }
        };
    }

    private static KafkaProducer<byte[], byte[]> transactional(Properties settings) {
        KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
        producer.initTransactions();
        return producer;
    }

    private static KafkaConsumer<byte[], byte[]> consumer(String bootstrap, String group, Map<String, String> more) {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", bootstrap);
        settings.put("group.id", group);
        settings.put("enable.auto.commit", "false");
        settings.putAll(more);
        return new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }
}
