// Pages work without any of this; it saves presses and warns before work is lost.
import { startCapacity } from "./capacity.js";
import { startContracts } from "./contracts.js";
import { startFinding } from "./finding.js";
import { startForms } from "./forms.js";
import { startIdle } from "./idle.js";
import { startPasswords } from "./passwords.js";
import { startPolling } from "./polling.js";
import { startQuick } from "./quick.js";
import { startRecoveryCodes } from "./recovery_codes.js";

document.body.classList.add("app-scripted");
startForms();
startFinding();
startCapacity();
startContracts();
startIdle();
startPasswords();
startPolling();
startQuick();
startRecoveryCodes();
