import { platformaticKind } from '../support/platformatic-client.ts'
import { nodeClientSuite } from './node-clients-suite.ts'

nodeClientSuite(platformaticKind)
