import { chain, createModel, crossEntropy, dense, relu, sgd } from "thalweg";
import { mnist } from "thalweg/data";
const { train, test } = await mnist();
const seeds=[1,2,3,4,5];
const f:any={cos:(p:number)=>.5*(1+Math.cos(Math.PI*p)),lin:(p:number)=>1-p,const:()=>1, half:(p:number)=>0.5**(p*10)};
for (const [lr,sched,wd,epochs] of JSON.parse(process.argv[2]!)) {
  const r:number[]=[];const t0=performance.now();
  for (const seed of seeds) {
    const model = await createModel({input:[784],network:chain(dense(128),relu(),dense(10)),loss:crossEntropy(),optimizer:sgd({learningRate:lr,momentum:.9,weightDecay:wd}),seed,build:"strict"});
    for await (const rep of model.fit(train,{epochs,batchSize:64})) if (rep.epoch<epochs) model.learningRate=lr*f[sched](rep.epoch/epochs);
    r.push((await model.evaluate(test)).accuracy!);
  }
  r.sort(); console.log(lr,sched,wd,epochs,"median",r[2],JSON.stringify(r),((performance.now()-t0)/1000).toFixed(0)+" s");
}
