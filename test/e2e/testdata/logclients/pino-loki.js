// pino with pino-loki: JSON, one push for a batch.
const pino = require('pino')
const log = pino({ base: { service: 'cart' } }, pino.transport({ target: 'pino-loki', options: { host: process.argv[2], batching: { interval: 1 }, labels: { app: 'cart' } } }))
log.error({ user: 1, trace_id: '4bf92f3577b34da6a3ce929d0e0e4736' }, 'pino broke')
log.info('pino is fine')
log.flush()
setTimeout(() => process.exit(0), 2500)
