/** Exit statuses of the `ottla` command; scripts rely on them. */
export const exitStatus = {
  /** Stopped as asked. */
  ok: 0,
  /** Could not start, or had to stop; the reason is on standard error, in one line. */
  failed: 1,
  /** The words of the command line are wrong. */
  usage: 2,
  /** There is no such topic, partition, group or broker. */
  notFound: 3,
  /** No broker of the cluster can be reached. */
  unreachable: 4,
  /** A broker does not answer, or still gives an error that should pass. */
  timedOut: 5,
} as const
