// winston with winston-elasticsearch, of the client's version 8: asks for health and a template first.
const winston = require('winston')
const { ElasticsearchTransport } = require('winston-elasticsearch')
const transport = new ElasticsearchTransport({ level: 'info', flushInterval: 200, clientOpts: { node: process.argv[2] } })
transport.on('error', (err) => { console.error(err); process.exit(1) })
const log = winston.createLogger({ transports: [transport] })
log.info('winston to elastic', { order: 7 })
setTimeout(() => transport.flush().then(() => process.exit(0)), 2000)
