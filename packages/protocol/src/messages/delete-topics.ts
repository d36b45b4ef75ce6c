/**
 * DeleteTopics: deletes topics.
 * v5 error message. v6 by topic id (KIP-516).
 */

import { api, array, int16, int32, nullable, string, uuid } from '../schema/index.ts'

export const deleteTopics = api(
  20,
  'DeleteTopics',
  { versions: '1-6', flexible: '4+' },
  {
    request: {
      topics: array(
        {
          name: nullable(string(), { default: null }),
          topicId: uuid(),
        },
        { since: 6 },
      ),
      topicNames: array(string(), { until: 5 }),
      timeoutMs: int32(),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      responses: array({
        name: nullable(string(), { nullableSince: 6 }),
        topicId: uuid({ since: 6 }),
        errorCode: int16(),
        errorMessage: nullable(string(), { since: 5, default: null }),
      }),
    },
  },
)
