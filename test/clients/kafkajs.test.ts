import { kafkajsKind } from '../support/kafkajs-client.ts'
import { nodeClientSuite } from './node-clients-suite.ts'

nodeClientSuite(kafkajsKind)
