// winston with winston-loki: snappy protobuf unless json is asked for.
const winston = require('winston')
const LokiTransport = require('winston-loki')
const transport = new LokiTransport({ host: process.argv[2], labels: { app: 'cart' }, json: process.argv[3] === 'json', batching: false, onConnectionError: (err) => { console.error(err); process.exit(1) } })
const log = winston.createLogger({ level: 'debug', transports: [transport] })
log.warn('winston warns')
log.debug('winston tells')
setTimeout(() => process.exit(0), 1500)
