// OpenTelemetry's JavaScript SDK with the exporter that is named: http (JSON) or proto.
const { LoggerProvider, SimpleLogRecordProcessor } = require('@opentelemetry/sdk-logs')
const { OTLPLogExporter } = require('@opentelemetry/exporter-logs-otlp-' + process.argv[3])
const { resourceFromAttributes } = require('@opentelemetry/resources')
const provider = new LoggerProvider({ resource: resourceFromAttributes({ 'service.name': 'cart' }), processors: [new SimpleLogRecordProcessor({ exporter: new OTLPLogExporter({ url: process.argv[2] + '/v1/logs' }) })] })
const log = provider.getLogger('js')
log.emit({ severityNumber: 17, severityText: 'ERROR', body: 'otel broke', attributes: { order: 7, big: 1.5, tags: ['a', 'b'], 'exception.type': 'TypeError', 'exception.stacktrace': 'TypeError: x\n    at f (a.js:1:2)' } })
log.emit({ severityText: 'INFO', body: { message: 'otel map', n: 1 } })
provider.forceFlush().then(() => provider.shutdown()).catch((err) => { console.error(err); process.exit(1) })
