// The manners of a Gateway that the framework lacks: loopback only, Basic login, CSRF token with its session cookie,
// number ranges, item numbers and change stamps.
const cds = require('@sap/cds')
const { randomBytes } = require('crypto')

const sessions = new Map()
const LOGIN = 'Basic ' + Buffer.from('HUB:judge-secret').toString('base64')

function refusal (request, response) {
  if (request.headers.authorization !== LOGIN) return [401, 'Unauthorized']
  const id = ((request.headers.cookie || '').match(/SAP_SESSIONID_SIM_100=(\w+)/) || [])[1]
  const token = request.headers['x-csrf-token'] || ''
  if (!['GET', 'HEAD'].includes(request.method)) {
    if (id && sessions.get(id) === token) return null
    response.setHeader('x-csrf-token', 'Required')
    return [403, 'CSRF token validation failed']
  }
  if (/^fetch$/i.test(token)) {
    let session = id
    if (!sessions.has(session)) {
      session = randomBytes(9).toString('hex')
      sessions.set(session, randomBytes(9).toString('base64'))
      response.setHeader('Set-Cookie', `SAP_SESSIONID_SIM_100=${session}; path=/; HttpOnly`)
    }
    response.setHeader('x-csrf-token', sessions.get(session))
  }
  return null
}

// The door stands before everything; the V2 adapter, which calls the V4 service over the same door, has a pass.
cds.on('bootstrap', app => {
  const listen = app.listen
  app.listen = (port, ...rest) => listen.call(app, port, '127.0.0.1', ...rest)
})
cds.on('listening', ({ server }) => {
  const inside = randomBytes(9).toString('hex')
  const handlers = server.listeners('request')
  server.removeAllListeners('request')
  server.on('request', (request, response) => {
    const told = request.headers['x-inside'] === inside ? null : refusal(request, response)
    if (told) return response.writeHead(told[0], { 'Content-Type': 'text/plain' }).end(told[1])
    if (request.url === '/judge/forget') { sessions.clear(); return response.writeHead(204).end() }
    request.headers['x-inside'] = inside
    for (const handler of handlers) handler(request, response)
  })
})

let partner = 1000000
let order = 0
let address = 80000000
const now = () => new Date().toISOString()

cds.on('served', () => {
  const partners = cds.services.API_BUSINESS_PARTNER
  const orders = cds.services.API_SALES_ORDER_SRV
  const products = cds.services.API_PRODUCT_SRV
  const touch = data => {
    data.LastChangeDate = now().slice(0, 10)
    data.LastChangeTime = now().slice(11, 19)
    data.ETag = now().replace(/\D/g, '') + randomBytes(3).toString('hex')
  }
  const number = data => {
    data.AddressID ??= String(++address)
    for (const row of data.to_EmailAddress || []) { row.OrdinalNumber ??= '1'; row.Person ??= '' }
    for (const row of data.to_PhoneNumber || []) { row.OrdinalNumber ??= '1'; row.Person ??= '' }
    for (const row of data.to_MobilePhoneNumber || []) { row.OrdinalNumber ??= '2'; row.Person ??= '' }
  }
  partners.before('CREATE', 'A_BusinessPartner', ({ data }) => {
    data.BusinessPartner ??= String(++partner)
    data.CreationDate = now().slice(0, 10)
    data.CreationTime = now().slice(11, 19)
    touch(data)
    for (const row of data.to_BusinessPartnerAddress || []) number(row)
  })
  partners.before('CREATE', 'A_BusinessPartnerAddress', ({ data }) => number(data))
  for (const set of ['A_AddressEmailAddress', 'A_AddressPhoneNumber']) {
    partners.before('CREATE', set, ({ data }) => { data.OrdinalNumber ??= '1'; data.Person ??= '' })
  }
  partners.before('UPDATE', 'A_BusinessPartner', ({ data }) => touch(data))
  orders.before('CREATE', 'A_SalesOrder', ({ data }) => {
    data.SalesOrder ??= String(++order)
    data.LastChangeDateTime = now()
    let item = 0
    for (const row of data.to_Item || []) row.SalesOrderItem ??= String(item += 10)
  })
  orders.before('CREATE', 'A_SalesOrderItem', async request => {
    const { SalesOrder } = request.data
    const rows = await SELECT.from('API_SALES_ORDER_SRV.A_SalesOrderItem').where({ SalesOrder })
    const last = Math.max(0, ...rows.map(row => Number(row.SalesOrderItem)))
    request.data.SalesOrderItem ??= String(last + 10)
  })
  orders.before('UPDATE', 'A_SalesOrder', ({ data }) => { data.LastChangeDateTime = now() })
  products.before(['CREATE', 'UPDATE'], 'A_Product', ({ data }) => { data.LastChangeDateTime = now() })
})

module.exports = cds.server
