import { Hub, type Port } from './live-shared.ts'

// What runs in the shared worker: it lives while any tab is open.
const hub = new Hub()
const scope = self as unknown as { onconnect: (e: { ports: Port[] }) => void }
scope.onconnect = (e) => e.ports.forEach((port) => hub.greet(port))
