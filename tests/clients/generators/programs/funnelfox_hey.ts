// The SDK of @hey-api/openapi-ts: refunds a part of an order, and prints what was refunded before and after.
import { listPayments, refundPayment } from "./client";
import { client } from "./client/client.gen";

declare const process: { argv: [string, string, string, string, string] };
const [, , baseUrl, key, orderId] = process.argv;
client.setConfig({ baseUrl, auth: key });
const user = { external_id: "user_456" };

async function refunded(): Promise<string | undefined> {
  const { data, error } = await listPayments({ body: user });
  if (!data) throw new Error(JSON.stringify(error));
  return data.data.payments.find((payment) => payment.order_id === orderId)?.refunded;
}

async function main(): Promise<void> {
  const before = await refunded();
  const { data, error } = await refundPayment({ body: { ...user, order_id: orderId, amount: "4.99" } });
  const { error: refusal } = await refundPayment({ body: { ...user, order_id: orderId, amount: "0" } });
  console.log(JSON.stringify([before, data, error?.error, await refunded(), refusal?.error[0]?.code]));
}

main();
