"""aiokafka as foreign-client.ts drives it: see there for what each command prints."""

import asyncio
import json
import sys

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener
from aiokafka.admin import AIOKafkaAdminClient, NewTopic


def say(**line):
    print(json.dumps(line), flush=True)


async def create(address, topic, partitions):
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    await admin.create_topics([NewTopic(topic, num_partitions=int(partitions), replication_factor=1)])
    await admin.close()
    say(created=topic)


async def produce(address, topic, first, count, codec):
    producer = AIOKafkaProducer(
        bootstrap_servers=address, enable_idempotence=True, compression_type=None if codec == "none" else codec
    )
    await producer.start()
    numbers = range(int(first), int(first) + int(count))
    sent = [await producer.send(topic, key=b"%d" % number, value=b"%d" % number) for number in numbers]
    await asyncio.gather(*sent)
    await producer.stop()
    say(produced=int(count))


class Listener(ConsumerRebalanceListener):
    async def on_partitions_revoked(self, revoked):
        pass

    async def on_partitions_assigned(self, assigned):
        say(assigned=sorted(partition.partition for partition in assigned))


async def consume(address, topic, group, _protocol):
    consumer = AIOKafkaConsumer(
        bootstrap_servers=address,
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        session_timeout_ms=6000,
        heartbeat_interval_ms=500,
    )
    consumer.subscribe([topic], listener=Listener())
    await consumer.start()
    while True:
        batches = await consumer.getmany(timeout_ms=100, max_records=100)
        numbers = [int(record.value) for records in batches.values() for record in records]
        if numbers:
            await consumer.commit()
            say(consumed=numbers)


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    asyncio.run({"create": create, "produce": produce, "consume": consume}[command](*arguments))
