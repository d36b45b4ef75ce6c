/** Envelope: a broker forwards a client's request to the controller, with the client's principal (KIP-590). */

import { api, bytes, int16, nullable } from '../schema/index.ts'

export const envelope = api(
  58,
  'Envelope',
  { versions: '0', flexible: '0+' },
  {
    request: {
      requestData: bytes(),
      requestPrincipal: nullable(bytes()),
      clientHostAddress: bytes(),
    },
    response: {
      responseData: nullable(bytes(), { default: null }),
      errorCode: int16(),
    },
  },
)
