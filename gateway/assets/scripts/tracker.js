// Pages work without any of this; it saves presses and warns before work is lost.
import { startCapacity } from "./capacity.js";
import { startForms } from "./forms.js";

document.body.classList.add("app-scripted");
startForms();
startCapacity();
