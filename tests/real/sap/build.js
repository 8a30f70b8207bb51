// Makes one servable model of SAP's published service models: navigations get a condition over the keys that both sides
// share, those to many become compositions (deep insert), and the fields that guard a change are marked.
const fs = require('fs')
const path = require('path')

const SERVICES = ['business-partner', 'sales-order', 'outbound-delivery-v2', 'billing-document', 'product']
const GUARDS = {
  A_BusinessPartner: 'ETag', A_SalesOrder: 'LastChangeDateTime',
  A_BillingDocument: 'LastChangeDateTime', A_Product: 'LastChangeDateTime',
}
const UNEVEN = {
  'A_BusinessPartner.to_BusinessPartnerContact': ['BusinessPartnerCompany', 'BusinessPartner'],
  'A_OutbDeliveryHeader.to_DeliveryDocumentPartner': ['SDDocument', 'DeliveryDocument'],
}
const isNav = element => /Association|Composition/.test(element.type || '')
const keysOf = elements => Object.keys(elements).filter(name => elements[name].key)

function pairs (set, nav, mine, theirs, many) {
  const shared = (many ? keysOf(mine) : keysOf(theirs)).filter(k => mine[k] && theirs[k] && !isNav(theirs[k]))
  if (shared.length) return shared.map(k => [k, k])
  const own = Object.keys(mine).filter(k => theirs[k] && theirs[k].key)
  if (own.length) return own.map(k => [k, k])
  return UNEVEN[`${set}.${nav}`] ? [UNEVEN[`${set}.${nav}`]] : []
}

function serve (name, set, entity, definitions) {
  delete entity['@cds.persistence.skip']
  for (const [nav, element] of Object.entries(entity.elements)) {
    if (element.type === 'cds.Timestamp' && /[a-z]Date$/.test(nav)) element.type = 'cds.Date'
    if (!isNav(element)) continue
    const many = element.cardinality && element.cardinality.max === '*'
    const found = pairs(set, nav, entity.elements, definitions[element.target].elements, many)
    if (!found.length) { delete entity.elements[nav]; continue }
    element.on = found.flatMap(([t, s], i) => [...(i ? ['and'] : []), { ref: [nav, t] }, '=', { ref: [s] }])
    if (many) element.type = 'cds.Composition'
  }
  if (GUARDS[set]) entity.elements[GUARDS[set]]['@odata.etag'] = true
}

const model = { definitions: {}, $version: '2.0' }
for (const one of SERVICES) {
  const folder = path.dirname(require.resolve(`@sap/cloud-sdk-vdm-${one}-service/package.json`))
  const file = fs.readdirSync(folder).find(name => name.endsWith('-csn.json'))
  const definitions = JSON.parse(fs.readFileSync(path.join(folder, file))).definitions
  const service = Object.keys(definitions).find(name => definitions[name].kind === 'service')
  for (const [name, definition] of Object.entries(definitions)) {
    if (/action|function/.test(definition.kind)) continue
    if (definition.kind === 'service') { definition['@path'] = name; definition['@requires'] = 'any' }
    if (definition.kind === 'entity') serve(name, name.slice(service.length + 1), definition, definitions)
    model.definitions[name] = definition
  }
}
fs.mkdirSync('srv', { recursive: true })
fs.writeFileSync('srv/model.csn', JSON.stringify(model))
