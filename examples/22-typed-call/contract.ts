// What the two programs may say to each other. Both import it, and the compiler holds both to it.
import { call, contract } from "myelin";

export interface Order {
  readonly item: string;
  readonly count: number;
}

export const shop = contract({
  price: call<Order, number>(),
});
