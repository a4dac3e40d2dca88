// openapi-fetch with the types of openapi-typescript: refunds a part of an order, and prints what was refunded before and after.
import createClient from "openapi-fetch";
import type { paths } from "./spec";

declare const process: { argv: [string, string, string, string] };
const [, , baseUrl, authorization] = process.argv;
const client = createClient<paths>({ baseUrl, headers: { Authorization: authorization } });
const path = { order_id: 1001 };

async function main(): Promise<void> {
  const { data: list } = await client.GET("/orders", { params: { query: { per_page: 1, page: 1 } } });
  const { data: found, error } = await client.GET("/orders/{order_id}", { params: { path } });
  if (!found) throw new Error(JSON.stringify(error));
  const { order } = found;
  const charge = Number(order.transactions[0]?.id);
  const { data: reply } = await client.POST("/orders/{order_id}/refund", { params: { path }, body: { refund_info: { transaction_id: charge, amount: 2500 } } });
  const { data: after } = await client.GET("/orders/{order_id}", { params: { path } });
  const { error: refusal } = await client.POST("/orders/{order_id}/refund", { params: { path }, body: { refund_info: { transaction_id: charge, amount: 999999 } } });
  console.log(JSON.stringify([list?.orders.data.length, order.total_refund, reply?.gateway_refund.status, after?.order.total_refund, refusal]));
}

main();
