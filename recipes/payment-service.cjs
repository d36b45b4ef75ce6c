const { Kafka, logLevel } = require('kafkajs')

/** The program under test: answers each order with a payment. */
exports.startPaymentService = async brokers => {
  const retry = { initialRetryTime: 20, retries: 20 }
  const kafka = new Kafka({ clientId: 'payment', brokers, logLevel: logLevel.NOTHING, retry })
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 })
  const consumer = kafka.consumer({ groupId: 'payment', maxWaitTimeInMs: 100 })
  await Promise.all([producer.connect(), consumer.connect()])
  await consumer.subscribe({ topic: 'orders', fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ message }) => {
      const order = JSON.parse(message.value.toString())
      const payment = JSON.stringify({ orderId: order.id, amount: order.total })
      await producer.send({ topic: 'payments', messages: [{ key: message.key, value: payment }] })
    },
  })
  return { stop: () => Promise.all([consumer.disconnect(), producer.disconnect()]) }
}
