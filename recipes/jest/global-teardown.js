module.exports = () => globalThis.ottla.stop()
