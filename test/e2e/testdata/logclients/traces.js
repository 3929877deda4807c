// OpenTelemetry's JavaScript SDK with the exporter that is named: http (JSON) or proto.
// A shop calls a cart, which asks a database, a number of times.
const { BasicTracerProvider, BatchSpanProcessor } = require('@opentelemetry/sdk-trace-base')
const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-' + process.argv[3])
const { resourceFromAttributes } = require('@opentelemetry/resources')
const { context, trace, SpanKind, SpanStatusCode } = require('@opentelemetry/api')
const providers = ['shop', 'cart'].map((name) => new BasicTracerProvider({ resource: resourceFromAttributes({ 'service.name': name + '-' + process.argv[3], 'host.name': 'js-box' }), spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url: process.argv[2] + '/v1/traces' }))] }))
const [shop, cart] = providers.map((p) => p.getTracer('js'))
const begin = Date.now() - 5000
for (let i = 0; i < 40; i++) {
  const at = begin + 10 * i
  const under = (span) => trace.setSpan(context.active(), span)
  const root = shop.startSpan('GET', { kind: SpanKind.SERVER, startTime: at, attributes: { 'http.request.method': 'GET', 'http.route': '/buy/:id' } })
  const call = shop.startSpan('GET', { kind: SpanKind.CLIENT, startTime: at + 10, attributes: { 'server.address': 'cart.internal' } }, under(root))
  const served = cart.startSpan('GET /items', { kind: SpanKind.SERVER, startTime: at + 15 }, under(call))
  const query = cart.startSpan('SELECT', { kind: SpanKind.CLIENT, startTime: at + 20, attributes: { 'db.system.name': 'postgresql', 'db.namespace': 'cart' } }, under(served))
  query.end(at + 40)
  if (i % 4 === 0) served.setStatus({ code: SpanStatusCode.ERROR, message: 'no' })
  served.end(at + 95)
  call.end(at + 110)
  root.end(at + 200)
}
Promise.all(providers.map((p) => p.forceFlush().then(() => p.shutdown()))).catch((err) => { console.error(err); process.exit(1) })
