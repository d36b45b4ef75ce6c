/**
 * Preloaded into every process that the stage starts: when the stage is gone, however it went, the channel to it closes, and
 * the process stops itself. So no `kill -9` leaves orphans, and the programs know nothing of being supervised.
 */
if (process.channel) {
  process.channel.unref()
  process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'))
}
