import { Controller, Inject } from '@nestjs/common'
import { type ClientKafka, EventPattern, Payload } from '@nestjs/microservices'

@Controller()
export class PaymentController {
  constructor(@Inject('KAFKA') private readonly kafka: ClientKafka) {}

  @EventPattern('orders')
  pay(@Payload() order: { id: string; total: number }) {
    this.kafka.emit('payments', { key: order.id, value: { orderId: order.id, amount: order.total } })
  }
}
