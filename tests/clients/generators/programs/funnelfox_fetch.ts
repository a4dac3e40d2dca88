// openapi-fetch with the types of openapi-typescript: refunds a part of an order, and prints what was refunded before and after.
import createClient from "openapi-fetch";
import type { paths } from "./spec";

declare const process: { argv: [string, string, string, string, string] };
const [, , baseUrl, key, orderId] = process.argv;
const client = createClient<paths>({ baseUrl, headers: { "ff-secret-key": key } });
const user = { external_id: "user_456" };

async function refunded(): Promise<string | undefined> {
  const { data, error } = await client.POST("/payments_history", { body: user });
  if (!data) throw new Error(JSON.stringify(error));
  return data.data.payments.find((payment) => payment.order_id === orderId)?.refunded;
}

async function main(): Promise<void> {
  const before = await refunded();
  const { data, error } = await client.POST("/payment/refund", { body: { ...user, order_id: orderId, amount: "4.99" } });
  const { error: refusal } = await client.POST("/payment/refund", { body: { ...user, order_id: orderId, amount: "0" } });
  console.log(JSON.stringify([before, data, error?.error, await refunded(), refusal?.error[0]?.code]));
}

main();
