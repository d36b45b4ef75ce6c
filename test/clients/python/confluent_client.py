"""confluent-kafka (librdkafka) as foreign-client.ts drives it: see there for what each command prints."""

import json
import sys

from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic


def say(**line):
    print(json.dumps(line), flush=True)


def create(address, topic, partitions):
    admin = AdminClient({"bootstrap.servers": address})
    created = admin.create_topics([NewTopic(topic, num_partitions=int(partitions), replication_factor=1)])
    created[topic].result(30)
    say(created=topic)


def produce(address, topic, first, count, codec):
    producer = Producer(
        {"bootstrap.servers": address, "enable.idempotence": True, "acks": "all", "compression.type": codec}
    )
    failures = []
    for number in range(int(first), int(first) + int(count)):
        producer.produce(
            topic,
            key=str(number),
            value=str(number),
            on_delivery=lambda error, _: failures.append(str(error)) if error else None,
        )
        producer.poll(0)
    left = producer.flush(60)
    if failures or left:
        raise SystemExit(f"{left} not sent, failed: {failures[:3]}")
    say(produced=int(count))


def consume(address, topic, group, protocol):
    settings = {
        "bootstrap.servers": address,
        "group.id": group,
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        "group.protocol": protocol,
    }
    if protocol == "classic":
        settings |= {
            "session.timeout.ms": 6000,
            "heartbeat.interval.ms": 500,
            "partition.assignment.strategy": "cooperative-sticky",
        }
    consumer = Consumer(settings)
    owned = set()

    def on_assign(consumer, partitions):
        owned.update(partition.partition for partition in partitions)
        consumer.incremental_assign(partitions)
        say(assigned=sorted(owned))

    def on_revoke(consumer, partitions):
        owned.difference_update(partition.partition for partition in partitions)
        consumer.incremental_unassign(partitions)
        say(assigned=sorted(owned))

    consumer.subscribe([topic], on_assign=on_assign, on_revoke=on_revoke)
    while True:
        records = [record for record in consumer.consume(100, timeout=0.1) if not record.error()]
        if records:
            consumer.commit(asynchronous=False)
            say(consumed=[int(record.value()) for record in records])


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    {"create": create, "produce": produce, "consume": consume}[command](*arguments)
