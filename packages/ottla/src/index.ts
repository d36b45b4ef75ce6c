/// <reference lib="esnext.disposable" preserve="true" />
/** Ottla in a program: a real broker for a test or a service, in this very process. */

export { startOttla } from './start-ottla.ts'
export type * from './testkit/api.ts'
