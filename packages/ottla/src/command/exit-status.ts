/** Exit statuses of the `ottla` command; scripts rely on them. */
export const exitStatus = {
  /** Stopped as asked. */
  ok: 0,
  /** Could not start, or had to stop; the reason is on standard error, in one line. */
  failed: 1,
  /** The words of the command line are wrong. */
  usage: 2,
} as const
