/** All scenarios that are written by hand, and the recorded ones of those that are generated. */
import type { Scenario } from '../scenario.ts'
import { apiVersionsScenarios } from './api-versions.ts'
import { produceScenarios } from './produce.ts'

export const allScenarios: readonly Scenario[] = [...apiVersionsScenarios, ...produceScenarios]
