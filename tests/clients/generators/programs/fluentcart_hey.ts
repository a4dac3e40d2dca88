// The SDK of @hey-api/openapi-ts: refunds a part of an order, and prints what was refunded before and after.
import { getOrder, listOrders, refundOrder } from "./client";
import { client } from "./client/client.gen";

declare const process: { argv: [string, string, string, string] };
const [, , , authorization] = process.argv;
client.setConfig({ headers: { Authorization: authorization } }); // the generated client has the URL
const path = { order_id: 1001 };

async function main(): Promise<void> {
  const { data: list } = await listOrders({ query: { per_page: 1, page: 1 } });
  const { data: found, error } = await getOrder({ path });
  if (!found) throw new Error(JSON.stringify(error));
  const { order } = found;
  const charge = Number(order.transactions[0]?.id);
  const { data: reply } = await refundOrder({ path, body: { refund_info: { transaction_id: charge, amount: 2500 } } });
  const { data: after } = await getOrder({ path });
  const { error: refusal } = await refundOrder({ path, body: { refund_info: { transaction_id: charge, amount: 999999 } } });
  console.log(JSON.stringify([list?.orders.data.length, order.total_refund, reply?.gateway_refund.status, after?.order.total_refund, refusal]));
}

main();
