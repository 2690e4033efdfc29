// A promoter's page: what its links brought. No library, nothing from elsewhere.
"use strict";

const WORDS = {
  en: {
    title: "Promoting", about: "What your promotion links brought: clicks, orders and commissions.", email: "E-mail", password: "Password",
    enter: "Sign in", leave: "Sign out", other: "中文", shop: "Shop", period: "Period", days7: "7 days", days30: "30 days", days90: "90 days",
    clicks: "Clicks", orders: "Orders", conversion: "Conversion", pending: "Pending", accrued: "Frozen", released: "Released", payable: "Payable now",
    paid: "Paid out", pendingNote: "paid, not delivered yet", accruedNote: "until the after-sale time is over", releasedNote: "of these orders",
    payableNote: "of all your promoting", paidNote: "of all your promoting", conversionNote: "orders by clicks", byDay: "By day", byLink: "By link", goods: "Goods",
    recruited: "of a promoter you recruited", denied: "Nothing earned, and why", order: "Order", reason: "Reason", when: "When", offers: "Goods you may promote",
    rate: "Rate", nothing: "Nothing yet.", noShop: "You have no shop.", merchantsOnly: "This page is for shops that promote.", accepted: "promoted", taken: "another shop has it", open: "open",
    state: "State", failed: "That did not work: ", lost: "Please sign in again.",
    reasons: {
      "self-purchase": "your own purchase", "own-goods": "your own goods", household: "someone of your household", staff: "someone of your staff", circular: "promoted in a circle",
      "cap-reached": "the offer's cap was reached", "offer-ended": "the offer had ended", territory: "outside the offer's territory", withdrawn: "you had withdrawn", "other-listing": "a link for other goods",
    },
  },
  zh: {
    title: "推广", about: "推广链接带来的点击、订单和佣金。", email: "邮箱", password: "密码", enter: "登录", leave: "退出", other: "English", shop: "店铺", period: "时段",
    days7: "近 7 天", days30: "近 30 天", days90: "近 90 天", clicks: "点击", orders: "订单", conversion: "转化率", pending: "待确认", accrued: "冻结中", released: "已解冻", payable: "可结算",
    paid: "已打款", pendingNote: "已付款，未送达", accruedNote: "售后期结束后解冻", releasedNote: "本时段的订单", payableNote: "全部推广", paidNote: "全部推广", conversionNote: "订单 ÷ 点击",
    byDay: "按天", byLink: "按链接", goods: "商品", recruited: "来自您发展的推广店", denied: "未计佣金及原因", order: "订单", reason: "原因", when: "时间", offers: "可推广的商品", rate: "佣金比例",
    nothing: "暂无数据。", noShop: "您还没有店铺。", merchantsOnly: "本页面供推广店铺使用。", accepted: "推广中", taken: "已被其他店铺独家推广", open: "可接受", state: "状态", failed: "操作失败：", lost: "请重新登录。",
    reasons: {
      "self-purchase": "本人购买", "own-goods": "自己的商品", household: "家庭成员购买", staff: "店员购买", circular: "互相推广", "cap-reached": "已达上限", "offer-ended": "活动已结束",
      territory: "不在推广区域内", withdrawn: "您已停止推广", "other-listing": "链接属于其他商品",
    },
  },
};

const find = (id) => document.getElementById(id);
let language = (localStorage.getItem("language") || navigator.language || "en").startsWith("zh") ? "zh" : "en";
let token = sessionStorage.getItem("token");
let seen = null;
const say = (word) => WORDS[language][word];

const make = (tag, attributes = {}, ...children) => {
  const drawn = ["svg", "rect", "line", "text", "title"].includes(tag);
  const element = drawn ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
};

const ask = async (path, options = {}) => {
  const headers = { ...options.headers, ...(token ? { Authorization: `Bearer ${token}` } : {}) };
  const answer = await fetch(path, { ...options, headers });
  const body = await answer.json();
  if (answer.ok) return body;
  if (answer.status === 401 && token) {
    leave();
    throw new Error(say("lost"));
  }
  throw new Error(body.detail || body.title || String(answer.status));
};

const money = (sum) => new Intl.NumberFormat(language === "zh" ? "zh-CN" : "en", { style: "currency", currency: sum.currency, currencyDisplay: "narrowSymbol" }).format(sum.amount / 100);
const number = (count) => new Intl.NumberFormat(language === "zh" ? "zh-CN" : "en").format(count);
const share = (part) => (part === null || part === undefined ? "–" : new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 1 }).format(part));
const moment = (at) => new Date(at).toLocaleString(language === "zh" ? "zh-CN" : "en", { dateStyle: "medium", timeStyle: "short" });

const tile = (name, value, main = false) =>
  make("div", { class: main ? "tile main" : "tile" }, make("dt", {}, say(name)), make("dd", {}, value, ...(say(`${name}Note`) ? [make("small", {}, say(`${name}Note`))] : [])));

const table = (heads, rows) => {
  if (!rows.length) return make("div", { class: "panel" }, make("p", {}, say("nothing")));
  const cell = (tag, [text, kind]) => make(tag, kind ? { class: kind } : {}, ...(Array.isArray(text) ? text : [text]));
  return make(
    "div",
    { class: "panel" },
    make("table", {}, make("thead", {}, make("tr", {}, ...heads.map((head) => cell("th", head)))), make("tbody", {}, ...rows.map((row) => make("tr", {}, ...row.map((one) => cell("td", one)))))),
  );
};

// Bars for every day of the period, also for those on which nothing happened.
const chart = (page) => {
  const known = new Map(page.days.map((day) => [day.day, day]));
  const days = [];
  const last = new Date(page.until);
  for (let at = new Date(page.since); at <= last; at = new Date(at.getTime() + 86400e3)) days.push(at.toLocaleDateString("sv", { timeZone: "Asia/Shanghai" }));
  for (const day of known.keys()) if (!days.includes(day)) days.push(day);
  days.sort();
  // As wide as it is shown, so that its words keep their size.
  const [width, height, bottom] = [Math.max(280, Math.min(960, document.documentElement.clientWidth - 80)), 180, 22];
  const most = Math.max(1, ...page.days.map((day) => Math.max(day.clicks, day.orders)));
  const step = width / days.length;
  const svg = make("svg", { viewBox: `0 0 ${width} ${height + bottom}`, role: "img", "aria-label": say("byDay") });
  svg.append(make("line", { x1: 0, x2: width, y1: height, y2: height }), make("text", { x: 0, y: 10 }, number(most)));
  days.forEach((name, index) => {
    const day = known.get(name) || { clicks: 0, orders: 0 };
    for (const [kind, offset, part] of [["clicks", 0.12, 0.76], ["orders", 0.3, 0.4]]) {
      const tall = (day[kind] / most) * (height - 16);
      if (tall) svg.append(make("rect", { class: kind, x: (index + offset) * step, width: part * step, y: height - tall, height: tall, rx: 2 }, make("title", {}, `${name}: ${number(day[kind])} ${say(kind)}`)));
    }
    if (index % Math.ceil((days.length * 60) / width) === 0) svg.append(make("text", { x: (index + 0.5) * step, y: height + 16, "text-anchor": "middle" }, name.slice(5)));
  });
  const key = make("p", { class: "key" }, make("span", { class: "clicks" }, say("clicks")), make("span", {}, say("orders")));
  return make("div", { class: "panel" }, make("div", { class: "chart" }, svg), key);
};

const nameOf = (listingId) => (seen.goods.get(listingId) || {}).name || "–";

const show = () => {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  document.title = `Linli · ${say("title")}`;
  for (const element of document.querySelectorAll("[data-say]")) element.textContent = say(element.dataset.say);
  find("language").textContent = say("other");
  find("sign-in").hidden = Boolean(token);
  find("figures").hidden = !seen;
  for (const id of ["shop-pick", "period-pick"]) find(id).hidden = !seen || !seen.page;
  find("leave").hidden = !token;
  if (!seen) return;
  if (!seen.page) return find("figures").replaceChildren(make("p", { class: "verdict" }, say("noShop")));
  const { page, accruals, offers } = seen;
  const total = page.total;
  const denied = accruals.filter((accrual) => accrual.status === "denied");
  find("figures").replaceChildren(
    make("h1", {}, say("title")),
    make("p", { class: "verdict" }, say("about")),
    make(
      "dl",
      { class: "tiles" },
      tile("clicks", number(total.clicks)), tile("orders", number(total.orders)), tile("conversion", share(total.conversion)), tile("pending", money(total.pending)),
      tile("accrued", money(total.accrued)), tile("released", money(total.released)), tile("payable", money(page.payable), true), tile("paid", money(page.paid)),
    ),
    make("h2", {}, say("byDay")),
    chart(page),
    make("h2", {}, say("byLink")),
    table(
      [[say("goods"), "goods"], ...["clicks", "orders", "conversion", "pending", "accrued", "released"].map((name) => [say(name), "number"])],
      page.links.map((link) => [
        [[nameOf(link.listing_id), make("small", {}, link.level === 2 ? say("recruited") : link.code)], "goods"],
        [number(link.clicks), "number"], [number(link.orders), "number"], [share(link.conversion), "number"],
        ...["pending", "accrued", "released"].map((name) => [money(link[name]), "number"]),
      ]),
    ),
    make("h2", {}, say("denied")),
    table([[say("when")], [say("reason")], [say("order")]], denied.map((one) => [[moment(one.changed_at)], [say("reasons")[one.reason] || one.reason], [one.order_id]])),
    make("h2", {}, say("offers")),
    table(
      [[say("goods"), "goods"], [say("rate"), "number"], [say("state")]],
      offers.map((offer) => [
        [nameOf(offer.listing_id), "goods"],
        [`${share(offer.rate_min_bp / 10000)} – ${share(offer.rate_max_bp / 10000)}`, "number"],
        [say(offer.accepted ? "accepted" : offer.taken ? "taken" : "open")],
      ]),
    ),
  );
};

const load = async () => {
  const shops = (await ask("/v1/me/shops?limit=100")).items;
  const pick = find("shop");
  if (pick.options.length !== shops.length) pick.replaceChildren(...shops.map((shop) => make("option", { value: shop.shop_id }, shop.name)));
  if (!shops.length) {
    seen = {};
    return show();
  }
  const path = `/v1/shops/${pick.value}`;
  const until = new Date();
  // The platform's clock may run ahead of the browser's: without an end the platform says which day it is.
  const now = (await ask(`${path}/promoter-page`)).until;
  if (now) until.setTime(Date.parse(now));
  const since = new Date(until.getTime() - Number(find("period").value) * 86400e3);
  const [page, accruals, offers] = await Promise.all([
    ask(`${path}/promoter-page?since=${since.toISOString()}&until=${until.toISOString()}`),
    ask(`${path}/accruals`),
    ask(`${path}/distribution-offers`),
  ]);
  const ids = new Set([...page.links, ...offers.items].map((one) => one.listing_id).filter(Boolean));
  const goods = await Promise.all([...ids].map((id) => ask(`/v1/listings/${id}`).catch(() => null)));
  seen = { page, accruals: accruals.items, offers: offers.items, goods: new Map(goods.filter(Boolean).map((one) => [one.listing_id, one])) };
  show();
};

const leave = () => {
  token = seen = null;
  sessionStorage.removeItem("token");
  show();
};

const tried = async (work) => {
  find("problem").textContent = "";
  try {
    await work();
  } catch (error) {
    show();
    const box = token ? find("figures") : find("problem");
    if (token) box.hidden = false;
    box.replaceChildren(token ? make("p", { class: "problem" }, say("failed") + error.message) : error.message);
  }
};

find("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  tried(async () => {
    const body = JSON.stringify({ email: find("email").value, password: find("password").value });
    const made = await ask("/v1/tokens", { method: "POST", headers: { "Content-Type": "application/json" }, body });
    token = made.access_token;
    sessionStorage.setItem("token", token);
    find("password").value = "";
    await load();
  });
});
find("language").addEventListener("click", () => {
  language = language === "zh" ? "en" : "zh";
  localStorage.setItem("language", language);
  show();
});
find("leave").addEventListener("click", leave);
for (const id of ["shop", "period"]) find(id).addEventListener("change", () => tried(load));

show();
if (token) tried(load);
