// Elastic's own client: the handshake, a bulk request with an action that is refused, a single document.
const { Client } = require('@elastic/elasticsearch')
const run = async () => {
  const client = new Client({ node: process.argv[2] })
  const info = await client.info()
  const result = await client.helpers.bulk({
    datasource: [{ message: 'elastic one', '@timestamp': new Date().toISOString(), log: { level: 'error' }, service: { name: 'cart' } }, { message: 'elastic two' }, { message: 'bad time', '@timestamp': 'soon' }],
    onDocument: () => ({ create: { _index: 'logs-app' } }),
    onDrop: (doc) => console.log('dropped', doc.status, doc.error.type),
  })
  await client.index({ index: 'logs-app', document: { message: 'elastic single' } })
  console.log(info.version.number, result.successful, result.failed)
}
run().catch((err) => { console.error(err); process.exit(1) })
