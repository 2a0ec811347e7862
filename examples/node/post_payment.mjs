// Ask what a payment is about, and post what is proposed for it.
//
//   npm install @grpc/grpc-js@1 @grpc/proto-loader@0
//   ALLOC_TOKEN=... node post_payment.mjs HOST:PORT CA.pem ENTITY PAYMENT
//
// Whatever happens, run it again with the same payment: it is posted once.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import grpc from "@grpc/grpc-js";
import loader from "@grpc/proto-loader";

const [address, caFile, entity, paymentId] = process.argv.slice(2);
const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const definition = loader.loadSync("alloc/v1/allocation_service.proto", {
  includeDirs: [join(root, "proto"), join(root, "third_party", "googleapis")],
  // Amounts are 64 bits: as text they lose nothing; fields that are zero are shown.
  longs: String,
  defaults: true,
  oneofs: true,
});
const { AllocationService } = grpc.loadPackageDefinition(definition).alloc.v1;

const token = grpc.credentials.createFromMetadataGenerator((_, done) => {
  const metadata = new grpc.Metadata();
  metadata.set("authorization", `Bearer ${process.env.ALLOC_TOKEN}`);
  done(null, metadata);
});
const tls = grpc.credentials.createSsl(readFileSync(caFile));
// What writes has an idempotency key: a call that was not taken is safely repeated.
const retries = {
  methodConfig: [{
    name: [{ service: "alloc.v1.AllocationService" }],
    retryPolicy: {
      maxAttempts: 5,
      initialBackoff: "0.1s",
      maxBackoff: "2s",
      backoffMultiplier: 2,
      retryableStatusCodes: ["UNAVAILABLE"],
    },
  }],
};
const client = new AllocationService(
  address,
  grpc.credentials.combineChannelCredentials(tls, token),
  { "grpc.service_config": JSON.stringify(retries) },
);
const call = (method, request) =>
  promisify(client[method].bind(client))(request, { deadline: Date.now() + 20_000 });

try {
  const known = await call("Explain", { entity, paymentId });
  for (const each of known.decision.explanations[0].allocations) {
    console.log(`${each.itemId}: ${each.allocatedMinor}`);
  }
  const answer = await call("Post", {
    entity,
    // Our own name for this posting: a repeated call posts nothing again.
    idempotencyKey: `post ${paymentId}`,
    paymentId,
    choice: { rank: 0 },
  });
  const { journal, fiscalYear, number } = answer.entries[0];
  console.log(`posted ${journal} ${fiscalYear} ${number}`);
} catch (error) {
  console.error(`${grpc.status[error.code]}: ${error.details}`);
  process.exitCode = 1;
} finally {
  client.close();
}
