// Splunk's own logger: an event, and a token that is refused.
const { Logger } = require('splunk-logging')
const log = new Logger({ token: process.argv[3], url: process.argv[2], maxRetries: 0 })
log.error = (err) => { console.log('refused', String(err)) }
log.send({ message: 'splunk event', severity: 'error', metadata: { host: 'h1', sourcetype: 'app' } }, (err, resp, body) => {
  console.log(JSON.stringify(body))
  process.exit(0)
})
