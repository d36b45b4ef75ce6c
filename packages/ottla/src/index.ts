/// <reference lib="esnext.disposable" preserve="true" />
/** Ottla in a program: a real broker for a test or a service, in this very process. */

export { type Logger, type Ottla, type StartOttlaOptions, startOttla, type TopicOptions } from './start-ottla.ts'
