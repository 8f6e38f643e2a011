// A merchant built on wechatpay-axios-plugin: node merchant.mjs SANDBOX_URL API_V2_KEY. Trades with the sandbox, takes
// its notifications on a port of its own, and prints what it saw as one line of JSON.

import { X509Certificate } from "node:crypto";
import { createServer } from "node:http";

import sdk from "wechatpay-axios-plugin";

const { Aes, Formatter, Hash, Rsa, Transformer, Wechatpay } = sdk;
const NUMBER = "tea-2026_01|*";
const CLOSED_NUMBER = "tea-closed";

const [sandbox, apiV2Key] = process.argv.slice(2);
const merchant = await control("GET", "merchant");
const certs = Object.fromEntries(merchant.certificates.map(({ serial, certificate }) => [serial, certificate]));
certs[merchant.publicKeyId] = merchant.publicKey;
const { mchid, serial, privateKey } = merchant;
const wxpay = new Wechatpay({ mchid, serial, privateKey, certs, baseURL: sandbox });
const byPublicKey = { headers: { "Wechatpay-Serial": merchant.publicKeyId } };

const notifications = [];
const server = createServer(takeNotification);
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const notifyUrl = `http://127.0.0.1:${server.address().port}/notify`;

const transactions = wxpay.v3.pay.transactions;
const { openid } = await control("POST", "users", {});
const seen = {};
seen.prepay = await answered(transactions.jsapi.post(order(NUMBER), byPublicKey));
seen.cashier = await control("POST", "wx/requestPayment", { openid, ...cashier(seen.prepay.data.prepay_id) });
await delivered();
seen.query = await answered(query(NUMBER, byPublicKey));
const { transaction_id } = seen.query.data;
seen.queryById = await answered(transactions.id._transaction_id_.get({ params: { mchid }, transaction_id }));

await answered(transactions.jsapi.post(order(CLOSED_NUMBER)));
const closing = { out_trade_no: CLOSED_NUMBER, ...byPublicKey };
seen.close = await answered(transactions.outTradeNo._out_trade_no_.close.post({ mchid }, closing));
seen.closed = await answered(query(CLOSED_NUMBER));

const refunds = wxpay.v3.refund.domestic.refunds;
seen.refund = await answered(refunds.post({ ...refund("refund@1", 300), notify_url: notifyUrl }, byPublicKey));
seen.refundWithoutAddress = await answered(refunds.post(refund("refund@2", 80)));
await control("POST", "clock", { advance: 60 });
await delivered();
seen.refundQuery = await answered(refunds._out_refund_no_.get({ out_refund_no: "refund@1", ...byPublicKey }));

seen.certificates = await answered(wxpay.v3.certificates.get());
seen.opened = seen.certificates.data.data.map(({ encrypt_certificate: sealed }) =>
  new X509Certificate(opened(sealed)).serialNumber.padStart(40, "0"));
seen.unknown = await answered(query("unknown-1"));
await control("PUT", "faults", { faults: [{ path: "/v3/certificates", fault: "bad-signature" }] });
seen.badSignature = await answered(wxpay.v3.certificates.get());

server.close();
console.log(JSON.stringify({ ...seen, openid, transactionId: transaction_id, notifications }));

/** What came of a call: status and data, and the SDK's own name for what it did not like. */
async function answered(call) {
  try {
    const { status, data, headers } = await call;
    return { status, data, serial: headers["wechatpay-serial"] };
  } catch (error) {
    return { status: error.response?.status, data: error.response?.data, error: error.code };
  }
}

function query(number, options = {}) {
  return transactions.outTradeNo._out_trade_no_.get({ params: { mchid }, out_trade_no: number, ...options });
}

function order(number) {
  return {
    appid: merchant.appids[0],
    mchid,
    description: "一杯茶",
    out_trade_no: number,
    notify_url: notifyUrl,
    attach: "桌号 7",
    amount: { total: 880, currency: "CNY" },
    payer: { openid },
  };
}

function refund(number, amount) {
  return { transaction_id, out_refund_no: number, amount: { refund: amount, total: 880, currency: "CNY" } };
}

function cashier(prepayId) {
  const given = { timeStamp: `${Formatter.timestamp()}`, nonceStr: Formatter.nonce(), package: `prepay_id=${prepayId}` };
  const message = Formatter.joinedByLineFeed(merchant.appids[0], ...Object.values(given));
  return { ...given, signType: "RSA", paySign: Rsa.sign(message, privateKey) };
}

async function takeNotification(request, response) {
  const chunks = [];
  for await (const chunk of request) {
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks).toString("utf8");
  const isXml = request.headers["content-type"] === "text/xml";
  notifications.push(isXml ? fromXml(body) : fromJson(request.headers, body));
  response.writeHead(isXml ? 200 : 204).end(isXml ? Transformer.toXml({ return_code: "SUCCESS" }) : undefined);
}

function fromJson(headers, body) {
  const [timestamp, nonce] = [headers["wechatpay-timestamp"], headers["wechatpay-nonce"]];
  const [signature, key] = [headers["wechatpay-signature"], certs[headers["wechatpay-serial"]]];
  const verified = Rsa.verify(Formatter.response(timestamp, nonce, body), signature, key);
  const changed = Rsa.verify(Formatter.response(timestamp, nonce, `${body} `), signature, key);
  const { event_type: event, resource } = JSON.parse(body);
  return { event, verified, changed, resource: JSON.parse(opened(resource)) };
}

function fromXml(body) {
  const { req_info: sealed, ...outer } = Transformer.toObject(body);
  const refund = Transformer.toObject(Aes.AesEcb.decrypt(sealed, Hash.md5(apiV2Key)));
  return { event: "v2", mchid: outer.mch_id, refund };
}

function opened({ ciphertext, nonce, associated_data: added }) {
  return Aes.AesGcm.decrypt(ciphertext, merchant.apiv3Key, nonce, added);
}

async function delivered() {
  const { idle } = await control("POST", "notifications/wait", {});
  if (!idle) {
    throw new Error("the notifications were not delivered");
  }
}

async function control(method, path, body) {
  const init = { method, body: body === undefined ? undefined : JSON.stringify(body) };
  const response = await fetch(`${sandbox}/_sandbox/${path}`, init);
  const content = await response.json();
  if (!response.ok) {
    throw new Error(`${path}: ${content.error}`);
  }
  return content;
}
