/** Ottla in a program: a real broker for a test or a service, in this very process. */

export { type Ottla, type StartOttlaOptions, startOttla, type TopicOptions } from './start-ottla.ts'
