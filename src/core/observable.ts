/** The one class of RxJS that the library itself runs on, from its own module: the index would load some two hundred others. */

export { Observable } from "rxjs/internal/Observable";
