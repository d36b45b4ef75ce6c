/** Kafka's serialized principal: what a broker forwards in an Envelope request, and what delegation tokens name. */

import { boolean, message, string } from '../schema/index.ts'

export const defaultPrincipal = message(
  'DefaultPrincipal',
  { versions: '0', flexible: '0+' },
  {
    type: string(),
    name: string(),
    tokenAuthenticated: boolean(),
  },
)
