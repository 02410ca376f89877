// Node's side of sameBits.test.ts: prints θ of the build named on the command line.
import type { BuildName } from "../../src/index.ts";
import { asText, type Net, thetaAfter200Steps } from "./theta.ts";

process.stdout.write(asText(await thetaAfter200Steps(process.argv[2] as BuildName, process.argv[3] as Net)));
