// Real calls of jsforce against the sandbox whose address and token are the arguments; says what it saw as JSON.
import jsforce from "jsforce";

const [url, accessToken] = process.argv.slice(2);
const org = new jsforce.Connection({ instanceUrl: url, loginUrl: url, accessToken, version: "67.0" });
const seen = {};

const first = await org.query("SELECT Id, Name, Owner.Name FROM Account ORDER BY Id", { autoFetch: true, maxFetch: 5000 });
seen.accounts = new Set(first.records.map((row) => row.Id)).size;

const found = await org.sobject("Account").find({ Name: { $like: "%有限公司%" } }, ["Id", "Name"]).limit(3);
seen.found = found.length;

const described = await org.sobject("Account").describe();
seen.key = described.fields.find((field) => field.name === "HubKey__c").externalId;

const one = await org.sobject("Account").create({ Name: "恒达", HubKey__c: "J0" });
seen.created = one.success;
await org.sobject("Account").update({ Id: one.id, Phone: "021-1" });
seen.phone = (await org.sobject("Account").retrieve(one.id)).Phone;

const many = await org.sobject("Contact").create(
  [{ LastName: "王" }, { LastName: "" }, { LastName: "李" }],
  { allOrNone: false },
);
seen.collection = many.map((row) => row.success);
seen.code = many[1].errors[0].statusCode;

const rows = [{ HubKey__c: "J0", Name: "恒达二" }, { HubKey__c: "J1", Name: "新" }];
seen.upserts = (await org.sobject("Account").upsert(rows, "HubKey__c", { allOrNone: false })).map((row) => row.created);
seen.gone = (await org.sobject("Account").destroy([one.id])).map((row) => row.success);

try {
  await org.query("SELECT Nothing FROM Account");
} catch (wrong) {
  seen.refused = wrong.errorCode;
}

org.bulk2.pollInterval = 50;
const loaded = await org.bulk2.loadAndWaitForResults({
  object: "Account",
  operation: "upsert",
  externalIdFieldName: "HubKey__c",
  input: [{ HubKey__c: "JB1", Name: "批甲" }, { HubKey__c: "JB2", Name: "批乙" }, { HubKey__c: "JB3", Name: "" }],
});
seen.bulk = [loaded.successfulResults.length, loaded.failedResults.length, loaded.unprocessedRecords.length];

const read = await org.bulk2.query("SELECT Id, Name FROM Account WHERE HubKey__c LIKE 'JB%'");
seen.read = (await read.toArray()).map((row) => row.Name);

seen.deleted = (await org.sobject("Account").deleted(new Date(Date.now() - 6e5), new Date(Date.now() + 6e5))).deletedRecords
  .map((row) => row.id)
  .includes(one.id);
seen.usage = org.limitInfo.apiUsage.used > 0;

console.log(JSON.stringify(seen));
